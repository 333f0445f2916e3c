"""What the gateway itself refuses; part of the kernel's error tree, rendered by its table."""

from services.kernel.errors import HubError, TooLarge, TooManyRequests, Unavailable

MEBIBYTE = 1024 * 1024


class PartUnavailable(Unavailable):
    """A part of the hub does not answer, or was not asked because it has not answered for a while."""

    code = "part_unavailable"
    title = "部分功能暂时不可用"


class Overloaded(Unavailable):
    """More requests wait for a part than it will answer in time."""

    code = "overloaded"
    title = "访问人数较多"


class UploadBroken(HubError):
    """The caller went away in the middle of its upload, or sent another length than it announced."""

    code = "upload_incomplete"
    title = "上传没有完成"


class RateExceeded(TooManyRequests):
    """More requests than allowed; `fields` are the RateLimit headers."""

    code = "rate_limited"

    def __init__(self, detail: str, *, retry_after_seconds: int, fields: list[tuple[bytes, bytes]]) -> None:
        super().__init__(detail, retry_after_seconds=retry_after_seconds)
        self.fields = fields


def part_unavailable(label: str, seconds: int) -> PartUnavailable:
    """The refusal of a request to a part that does not answer."""
    return PartUnavailable(f"{label}暂时无法使用，其他部分不受影响，请稍后重试。", retry_after_seconds=seconds)


def overloaded(label: str, seconds: int) -> Overloaded:
    """The refusal of a request to a part that has enough to do."""
    detail = f"{label}正在处理的请求较多，这次请求没有被处理，请在 {seconds} 秒后重试。"
    return Overloaded(detail, retry_after_seconds=seconds)


def too_large(limit: int) -> TooLarge:
    """The refusal of a body above `limit` bytes."""
    return TooLarge(f"上传内容超过 {limit // MEBIBYTE} MB，请拆分后分次上传。")
