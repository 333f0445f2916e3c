"""The caller's own: who it is, its posts, its sessions, its password."""

from fastapi import APIRouter

from services.identity.schemas.account import Me
from services.kernel.alliances import is_practice
from services.kernel.auth import CurrentPrincipal
from services.kernel.permissions import ROLE_LABELS

router = APIRouter(prefix="/me", tags=["me"])


@router.get("", summary="当前登录者")
async def read_me(principal: CurrentPrincipal) -> Me:
    return Me(
        subject=principal.subject,
        name=principal.name,
        role=principal.role,
        role_label=ROLE_LABELS[principal.role],
        alliance=principal.alliance,
        practice=is_practice(principal.alliance),
        division=principal.division,
        member=principal.member,
        department=principal.department,
        post=principal.post,
        post_title=principal.post_title,
        unit_name=principal.unit_name,
        client_id=principal.client_id,
        scopes=sorted(principal.scopes),
    )
