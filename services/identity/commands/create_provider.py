"""Set up a unit's own sign-in."""

from typing import Any

from pydantic import ValidationError

from services.identity.domain import refuse
from services.identity.federation.config import CONFIGS, SECRET_LABELS, Kind, addresses
from services.identity.schemas.federation import IdentityProviderCreate
from services.identity.tables import IdentityProvider
from services.identity.tools import SignInTools
from services.kernel.audit import audit
from services.kernel.database import WriteSession
from services.kernel.errors import FieldIssue
from services.kernel.ids import new_id
from services.kernel.messages import validation_message
from services.kernel.principal import Principal


async def create_provider(
    session: WriteSession, tools: SignInTools, actor: Principal, draft: IdentityProviderCreate
) -> IdentityProvider:
    """Validate the whole record, seal its secret, store it. Raises InvalidInput with every issue."""
    config, issues = read_config(draft.kind, draft.config, private_allowed=tools.settings.federation_private_addresses)
    if draft.member is not None and draft.division is not None:
        issues.append(FieldIssue("division", "one_unit", "成员单位和县区只能填一个；都不填即供全联盟使用。"))
    issues += secret_issues(draft.kind, given=draft.secret is not None)
    refuse(issues)
    now = tools.clock.now()
    provider = IdentityProvider(
        alliance=actor.alliance,
        id=new_id(),
        kind=draft.kind,
        name=draft.name,
        member=draft.member,
        division=draft.division,
        config=config,
        secret=tools.keyring.seal_provider(draft.secret) if draft.secret else None,
        active=draft.active,
        created_at=now,
        updated_at=now,
        row_version=1,
    )
    session.add(provider)
    await session.flush()  # so that a name already taken is refused here, before the audit entry
    after = described(provider)
    await audit(session, tools.clock, actor, "identity_provider.create", "identity_provider", provider.id, after=after)
    return provider


def read_config(kind: Kind, given: dict[str, Any], *, private_allowed: bool) -> tuple[dict[str, Any], list[FieldIssue]]:
    """The configuration with its defaults, and what is wrong with it; plain http needs private addresses allowed."""
    try:
        config = CONFIGS[kind].model_validate(given)
    except ValidationError as fault:
        return {}, [
            FieldIssue(".".join(["config", *map(str, item["loc"])]), item["type"], validation_message(item))
            for item in fault.errors()
        ]
    issues = [
        FieldIssue(f"config.{name}", "address_not_https", "地址必须以 https:// 开头。")
        for name, value in addresses(config).items()
        if not value.startswith("https://") and not private_allowed
    ]
    return config.model_dump(mode="json"), issues


def secret_issues(kind: Kind, *, given: bool) -> list[FieldIssue]:
    """A secret belongs to every kind but CAS."""
    label = SECRET_LABELS[kind]
    if label is None:
        return [FieldIssue("secret", "secret_unused", "这种登录方式没有密钥，请不要填写。")] if given else []
    return [] if given else [FieldIssue("secret", "missing", f"请填写{label}。")]


def described(provider: IdentityProvider) -> dict[str, Any]:
    """The record as it stands in the audit log."""
    return {
        "kind": provider.kind,
        "name": provider.name,
        "member": str(provider.member) if provider.member else None,
        "division": provider.division,
        "config": provider.config,
        "active": provider.active,
    }
