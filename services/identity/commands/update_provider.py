"""Change a unit's own sign-in."""

from typing import Any, Final
from uuid import UUID

from services.identity.commands.create_provider import described, read_config, secret_issues
from services.identity.commands.end_access import end_sessions_opened_by
from services.identity.domain import refuse
from services.identity.federation.config import Kind
from services.identity.queries.federation import bound_count, bound_to, find_provider
from services.identity.schemas.federation import IdentityProviderUpdate
from services.identity.tables import IdentityProvider
from services.identity.tools import SignInTools
from services.kernel.audit import audit
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict
from services.kernel.etags import check_version
from services.kernel.principal import Principal

SUBJECTS_HANG_ON: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.OIDC: ("issuer",),
    Kind.OAUTH2: ("userinfo_url", "subject_field"),
    Kind.CAS: ("base_url", "subject_attribute"),
    Kind.WECOM: ("api_base", "corp_id"),
    Kind.DINGTALK: ("api_base",),
}
"""What gives a subject its meaning: changed under people who are bound, it would let others in as them."""


class PeopleBound(Conflict):
    code = "identity_provider_in_use"


async def update_provider(
    session: WriteSession,
    tools: SignInTools,
    actor: Principal,
    provider_id: UUID,
    draft: IdentityProviderUpdate,
    if_match: str,
) -> IdentityProvider:
    """Load, check version and fields, change, audit. Switched off, it takes along what people opened through it.

    Raises ProviderUnknown, StaleVersion, InvalidInput or PeopleBound.
    """
    provider = await find_provider(session, actor.alliance, provider_id, lock=True)
    check_version(if_match, provider.row_version)
    before = described(provider)
    if draft.config is not None:
        provider.config = await _config(session, tools, provider, draft.config)
    if draft.secret is not None:
        refuse(secret_issues(Kind(provider.kind), given=True))
        provider.secret = tools.keyring.seal_provider(draft.secret)
    provider.name = draft.name or provider.name
    provider.active = provider.active if draft.active is None else draft.active
    after = described(provider)
    if after == before and draft.secret is None:
        return provider
    provider.changed(tools.clock.now())
    await session.flush()  # so that a name already taken is refused here, before the audit entry
    after["secret_replaced"] = draft.secret is not None
    if before["active"] and not provider.active:
        bound = await bound_to(session, actor.alliance, provider.id)
        after["sessions_ended"] = await end_sessions_opened_by(session, tools.clock, actor.alliance, bound)
    await audit(
        session,
        tools.clock,
        actor,
        "identity_provider.update",
        "identity_provider",
        provider.id,
        before=before,
        after=after,
    )
    return provider


async def _config(
    session: WriteSession, tools: SignInTools, provider: IdentityProvider, given: dict[str, Any]
) -> dict[str, Any]:
    kind = Kind(provider.kind)
    config, issues = read_config(kind, given, private_allowed=tools.settings.federation_private_addresses)
    refuse(issues)
    moved = any(config[name] != provider.config.get(name) for name in SUBJECTS_HANG_ON[kind])
    bound = await bound_count(session, provider.alliance, provider.id) if moved else 0
    if bound:
        raise PeopleBound(
            f"已有 {bound} 人绑定到这个登录方式，不能再改它的地址或用户标识字段，否则他人可能冒名登录。"
            "请停用它并新建一个，由相关人员重新绑定。"
        )
    return config
