"""The error tree. Domain code raises these and knows no status codes; `problems.py` renders them.

HubError
├── InvalidInput          every field issue at once (422)
├── NotFound              absent, or not the caller's to see (404)
├── Conflict              the state forbids it (409)
│   └── StaleVersion      somebody changed it first (412)
├── PreconditionMissing   an update without If-Match (428)
├── NotSignedIn           no or no valid token (401)
├── Forbidden             signed in, but without the right (403)
├── TooLarge              the body is over the limit (413)
├── UnsupportedMedia      a file kind that is not taken (415)
├── TooManyRequests       (429)
└── Unavailable           a part the request needs does not answer (503)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class FieldIssue:
    """One fault of one field: where, a stable code, and a Chinese sentence that says what to do."""

    field: str
    code: str
    message: str


class HubError(Exception):
    """Root. `code` is stable and for programs; `detail` is a Chinese sentence for people."""

    code = "error"
    title = "出错了"
    extension: Mapping[str, str] = MappingProxyType({})
    """More members of the problem document, for programs (RFC 9457, 3.2)."""

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code


class InvalidInput(HubError):
    code = "invalid_input"
    title = "填写内容有误"

    def __init__(self, issues: Sequence[FieldIssue], detail: str | None = None) -> None:
        super().__init__(detail or f"有 {len(issues)} 处需要修改，请按各字段的提示改正后重新提交。")
        self.issues = tuple(issues)


class NotFound(HubError):
    code = "not_found"
    title = "没有找到"


class Conflict(HubError):
    code = "conflict"
    title = "当前状态不允许此操作"


class StaleVersion(Conflict):
    code = "stale_version"
    title = "内容已被他人修改"


class PreconditionMissing(HubError):
    code = "precondition_missing"
    title = "缺少版本条件"


class NotSignedIn(HubError):
    code = "not_signed_in"
    title = "尚未登录"


class Forbidden(HubError):
    code = "forbidden"
    title = "没有权限"


class TooLarge(HubError):
    code = "too_large"
    title = "内容过大"


class UnsupportedMedia(HubError):
    code = "unsupported_media"
    title = "不支持的文件类型"


class TooManyRequests(HubError):
    code = "too_many_requests"
    title = "请求过于频繁"

    def __init__(self, detail: str, *, retry_after_seconds: int) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(HubError):
    code = "unavailable"
    title = "服务暂时不可用"

    def __init__(self, detail: str, *, retry_after_seconds: int = 5) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds
