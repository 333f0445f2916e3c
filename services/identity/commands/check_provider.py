"""Try a unit's own sign-in without a person, and say in a sentence what is wrong."""

from services.identity.commands.begin_federation import callback_url
from services.identity.federation.errors import ProofInvalid, ProviderDown, ProviderMisconfigured
from services.identity.federation.flow import Adapter
from services.identity.federation.kinds import Adapters
from services.identity.schemas.federation import ProviderCheck
from services.identity.tables import IdentityProvider
from services.identity.tools import SignInTools
from services.kernel.audit import audit
from services.kernel.database import WriteSession
from services.kernel.principal import Principal

FINE = "检查通过：对方系统可以连接，应用标识和密钥有效。请再用一个单位账号实际登录一次。"


def adapter_of(adapters: Adapters, tools: SignInTools, provider: IdentityProvider) -> Adapter:
    """The adapter of a record, its secret opened. Raises ProviderMisconfigured when the secret cannot be read."""
    secret = tools.keyring.open_provider(provider.secret) if provider.secret else ""
    return adapters.of(provider.kind, provider.config, secret)


async def check_provider(adapters: Adapters, tools: SignInTools, provider: IdentityProvider) -> ProviderCheck:
    """Ask the unit's system; takes seconds, so no transaction may be open meanwhile."""
    callback = callback_url(tools, provider.id)
    try:
        await adapter_of(adapters, tools, provider).check(callback)
    except (ProviderDown, ProviderMisconfigured, ProofInvalid) as fault:
        return ProviderCheck(ok=False, code=fault.code, message=fault.detail, callback_url=callback)
    return ProviderCheck(ok=True, code="ok", message=FINE, callback_url=callback)


async def note_check(
    session: WriteSession, tools: SignInTools, actor: Principal, provider: IdentityProvider, result: ProviderCheck
) -> None:
    """Record that somebody made the hub ask, and what came of it."""
    after = {"ok": result.ok, "code": result.code}
    await audit(session, tools.clock, actor, "identity_provider.check", "identity_provider", provider.id, after=after)
