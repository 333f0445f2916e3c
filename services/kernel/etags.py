"""ETag and If-Match (RFC 9110): nobody overwrites a change they have not seen."""

from typing import Annotated

from fastapi import Header, Response

from services.kernel.errors import PreconditionMissing, StaleVersion


def etag_of(version: int | str) -> str:
    """The strong ETag of a row version."""
    return f'"{version}"'


def set_etag(response: Response, version: int | str) -> None:
    response.headers["ETag"] = etag_of(version)


def if_match(if_match: Annotated[str | None, Header(description="读取时得到的 ETag")] = None) -> str:
    """FastAPI dependency: the If-Match header. Raises PreconditionMissing without it."""
    if not if_match:
        raise PreconditionMissing("修改前请先读取，并在 If-Match 里带上读到的 ETag。")
    return if_match


def check_version(given: str, current: int | str) -> None:
    """Raise StaleVersion unless the caller saw the current version (`*` always matches)."""
    if given != "*" and etag_of(current) not in [tag.strip().removeprefix("W/") for tag in given.split(",")]:
        raise StaleVersion("这条记录在您打开之后已被修改，请刷新后重新填写。")
