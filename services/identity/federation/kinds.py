"""From a provider's record to the adapter that speaks to it."""

from services.identity.federation.cas import CasAdapter
from services.identity.federation.config import (
    CONFIGS,
    CasConfig,
    DingtalkConfig,
    Kind,
    OAuth2Config,
    OidcConfig,
    WecomConfig,
)
from services.identity.federation.dingtalk import DingtalkAdapter
from services.identity.federation.flow import Adapter, Remembered
from services.identity.federation.http import ProviderHttp
from services.identity.federation.oauth2 import OAuth2Adapter
from services.identity.federation.oidc import Documents, OidcAdapter
from services.identity.federation.wecom import Tokens, WecomAdapter
from services.kernel.clock import Clock


class Adapters:
    """Makes adapters; what they fetched is remembered here, once per process."""

    def __init__(self, http: ProviderHttp, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._documents: Documents = Remembered(clock)
        self._tokens: Tokens = Remembered(clock)

    def of(self, kind: str, config: dict[str, object], secret: str) -> Adapter:
        """The adapter of a stored record, whose configuration was validated before it was stored."""
        settings = CONFIGS[Kind(kind)].model_validate(config)
        match settings:
            case OidcConfig():
                return OidcAdapter(settings, secret, self._http, self._clock, self._documents)
            case OAuth2Config():
                return OAuth2Adapter(settings, secret, self._http)
            case CasConfig():
                return CasAdapter(settings, self._http)
            case WecomConfig():
                return WecomAdapter(settings, secret, self._http, self._tokens)
            case DingtalkConfig():
                return DingtalkAdapter(settings, secret, self._http)
