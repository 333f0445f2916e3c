"""What may go wrong between the hub and a unit's sign-in system. Each sentence is shown to the person as it stands.

HubError
├── Forbidden
│   ├── AttemptInvalid        the callback belongs to no attempt of this browser
│   ├── SignInDeclined        the unit's system, or the person there, said no
│   ├── ProofInvalid          what came back does not prove who it is
│   ├── NotBound              proved, but nobody in the hub
│   └── NotAdmitted           known, but not to be let in this way
└── Unavailable
    ├── ProviderDown          it does not answer
    └── ProviderMisconfigured it answers, but not as the record in the hub expects
"""

from services.kernel.errors import Forbidden, Unavailable


class AttemptInvalid(Forbidden):
    code = "federation_attempt_invalid"
    title = "登录请求无效或已过期"


class SignInDeclined(Forbidden):
    code = "federation_declined"
    title = "单位登录没有完成"


class ProofInvalid(Forbidden):
    code = "federation_proof_invalid"
    title = "单位登录未通过核验"


class NotBound(Forbidden):
    code = "federation_not_bound"
    title = "此账号尚未与中枢人员绑定"


class NotAdmitted(Forbidden):
    code = "federation_not_admitted"
    title = "不能用单位登录"


class ProviderDown(Unavailable):
    code = "federation_provider_down"
    title = "单位登录系统暂时无法使用"


class ProviderMisconfigured(Unavailable):
    code = "federation_provider_misconfigured"
    title = "单位登录方式的配置有误"

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail, retry_after_seconds=60)
        self.code = code or self.code
