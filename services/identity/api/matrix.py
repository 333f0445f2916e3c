"""What everybody may know: the matrix of roles and operations; and for services, which alliances there are."""

from fastapi import APIRouter

from services.identity.auth import AlliancesRead
from services.identity.queries.alliances import all_alliances
from services.identity.schemas.posts import AllianceRead, PermissionRead, RoleMatrix, RoleRead
from services.kernel.alliances import is_practice, practice_of
from services.kernel.auth import CurrentPrincipal
from services.kernel.permissions import (
    ADMINISTRATORS,
    GRANTS,
    PERMISSION_LABELS,
    ROLE_LABELS,
    SECOND_FACTOR_ROLES,
    Role,
)
from services.kernel.sessions import Reading

router = APIRouter(tags=["roles"])


@router.get("/roles", summary="角色与权限对照表")
async def read_roles(_caller: CurrentPrincipal) -> RoleMatrix:
    return RoleMatrix(
        roles=[_role(role) for role in Role],
        permissions=[PermissionRead(code=code, label=label) for code, label in PERMISSION_LABELS.items()],
    )


def _role(role: Role) -> RoleRead:
    return RoleRead(
        code=role,
        label=ROLE_LABELS[role],
        party=role.party,
        permissions=sorted(GRANTS[role]),
        second_factor=role in SECOND_FACTOR_ROLES,
        administrator=role in ADMINISTRATORS,
    )


@router.get("/alliances", summary="全部联盟及其练习环境（系统服务）")
async def read_alliances(_caller: AlliancesRead, session: Reading) -> list[AllianceRead]:
    named = {row.alliance: row.name for row in await all_alliances(session)}
    homes = {code: name for code, name in named.items() if not is_practice(code)}
    practice = {practice_of(code): f"{name}（练习）" for code, name in homes.items()}
    return [AllianceRead(code=code, name=name) for code, name in sorted({**homes, **practice}.items())]
