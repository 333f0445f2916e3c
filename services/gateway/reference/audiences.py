"""For whom there is a document of the API, and what it says at its beginning."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.kernel.permissions import GRANTS, Permission, Role


class Flow(StrEnum):
    """How a caller gets a token, by its name in OpenAPI."""

    PROGRAM = "clientCredentials"
    PERSON = "authorizationCode"


@dataclass(frozen=True)
class Audience:
    """Who reads a document: the roles whose operations it lists, and how they sign in."""

    code: str
    label: str
    roles: tuple[Role, ...]
    flows: tuple[Flow, ...]
    opening: str

    @property
    def permissions(self) -> frozenset[Permission]:
        return frozenset().union(*(GRANTS[role] for role in self.roles))

    def may_use(self, alternatives: list[list[str]] | None) -> bool:
        """Whether one of the roles may call an operation with these `x-permissions` (None: any signed-in caller)."""
        if not alternatives:
            return True
        return any(set(way) <= GRANTS[role] for role in self.roles for way in alternatives)


_PROGRAM = (
    "县区教育局的系统先用接入编号和密钥在 /oauth/token 换取访问令牌（grant_type=client_credentials），"
    "再在每个请求的 Authorization 头中携带“Bearer 令牌”。令牌有效几分钟，到期前重新换取即可。"
    "接入编号由秘书处在网页上开设，只能看到和报送本县区的数据，密钥由县区自行更换或吊销。"
)
_PERSON = "用户经网页登录（OAuth 2.1 授权码加 PKCE）取得访问令牌，令牌代表登录时所选的岗位。"

AUDIENCES: Final = {
    audience.code: audience
    for audience in (
        Audience(
            "county",
            "县区教育局",
            (Role.COUNTY_CLERK, Role.COUNTY_REVIEWER),
            (Flow.PROGRAM, Flow.PERSON),
            _PROGRAM,
        ),
        Audience("member", "成员单位", (Role.UNIT_REPORTER, Role.UNIT_REVIEWER), (Flow.PERSON,), _PERSON),
        Audience("internal", "内部", tuple(Role), (Flow.PROGRAM, Flow.PERSON), f"{_PERSON}{_PROGRAM}"),
    )
}

CONVENTIONS: Final = (
    "列表返回 items、next_cursor 和 total，用 cursor 取下一页，limit 每页至多 200 条。",
    "出错时返回 application/problem+json（RFC 9457）：code 供程序判断，detail 说明原因和办法，"
    "errors 列出每个字段的问题，request_id 供查询日志。",
    "修改前先读取 ETag，修改时放入 If-Match；新建时可带 Idempotency-Key，重试不会重复新建。",
    "耗时的操作返回 202 和 Location，指向可查询进度的任务。",
    "请求过多时返回 429，服务繁忙或某一部分停用时返回 503，都带 Retry-After（秒）。",
)
