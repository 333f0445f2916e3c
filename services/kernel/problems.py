"""Renders the error tree to HTTP as problem details (RFC 9457); the only place that knows status codes."""

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException

from services.kernel import context, errors
from services.kernel.messages import validation_message
from services.kernel.refusals import record_refusal

log = logging.getLogger(__name__)
PROBLEM_JSON = "application/problem+json"

STATUS: dict[type[errors.HubError], int] = {
    errors.InvalidInput: 422,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.StaleVersion: 412,
    errors.PreconditionMissing: 428,
    errors.NotSignedIn: 401,
    errors.Forbidden: 403,
    errors.TooLarge: 413,
    errors.UnsupportedMedia: 415,
    errors.TooManyRequests: 429,
    errors.Unavailable: 503,
    errors.HubError: 400,
}

UNTAKEN_VALUES = frozenset({"22000", "22001", "22003", "22008", "22021", "22P05"})
"""SQLSTATEs of data exceptions that a caller's value causes: NUL, unpaired surrogates, too long, out of range."""

QUERY_CANCELED = "57014"

HTTP_TITLES = {404: "没有这个地址", 405: "不支持这种请求方法", 406: "无法提供所要的格式", 400: "请求无法理解"}


def status_of(error: errors.HubError) -> int:
    """The HTTP status of an error, by the nearest class of its ancestry."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def problem_body(
    status: int, code: str, title: str, detail: str, issues: tuple[errors.FieldIssue, ...] = ()
) -> dict[str, Any]:
    """The members of a problem document; `errors` holds every field issue at once."""
    return {
        "type": f"urn:alliance-hub:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "errors": [{"field": i.field, "code": i.code, "message": i.message} for i in issues],
        "request_id": context.request_id.get(),
    }


def problem_response(error: errors.HubError) -> JSONResponse:
    """Render one error of the tree."""
    status = status_of(error)
    issues = error.issues if isinstance(error, errors.InvalidInput) else ()
    headers: dict[str, str] = {}
    if isinstance(error, errors.TooManyRequests | errors.Unavailable):
        headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, errors.NotSignedIn):
        headers["WWW-Authenticate"] = f'Bearer error="invalid_token", error_description="{error.code}"'
    body = {**error.extension, **problem_body(status, error.code, error.title, error.detail, issues)}
    return JSONResponse(body, status, headers, media_type=PROBLEM_JSON)


async def _hub_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, errors.HubError)  # noqa: S101  # registered for this class only
    log.info("request refused", extra={"code": error.code})
    if isinstance(error, errors.Forbidden):
        await record_refusal(request, error)
    return problem_response(error)


async def _validation_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    issues = [errors.FieldIssue(_field(item), item["type"], validation_message(item)) for item in error.errors()]
    return problem_response(errors.InvalidInput(issues))


def _field(item: Mapping[str, Any]) -> str:
    """Where a fault is: `body` for the whole of it, whose broken JSON pydantic would call by a character's number."""
    place = [str(part) for part in item["loc"]]
    return place[0] if item["type"] == "json_invalid" else ".".join(place[1:] or place)


async def _http_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    title = HTTP_TITLES.get(error.status_code, "请求未被接受")
    body = problem_body(error.status_code, f"http_{error.status_code}", title, f"{title}，请检查地址和参数。")
    return JSONResponse(body, error.status_code, error.headers, media_type=PROBLEM_JSON)


async def _integrity_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, IntegrityError)  # noqa: S101
    constraint = constraint_name(error)
    log.info("constraint refused a change", extra={"constraint": constraint})
    detail = "已有相同的记录，或所引用的记录不存在。请刷新后检查再提交。"
    return problem_response(errors.Conflict(detail, code=f"constraint_{constraint or 'violated'}"))


async def _stale_data(_request: Request, _error: Exception) -> JSONResponse:
    return problem_response(errors.StaleVersion("这条记录刚被他人修改，请刷新后重新填写。"))


async def _database_refused(_request: Request, error: Exception) -> JSONResponse:
    """What the database cannot take: a value of the caller's that passed our own checks, a lost connection, a fault."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    if state in UNTAKEN_VALUES:
        # The driver's message repeats the value, so it is not logged.
        log.warning("database refused a value", extra={"sqlstate": state})
        return problem_response(errors.InvalidInput([], "内容里有无法保存的字符，或数值、文字超出范围，请修改后重试。"))
    if state == QUERY_CANCELED:
        log.error("statement took too long")
        detail = "要处理的数据过多，未能在限定时间内完成；请缩小查询范围（如增加筛选条件）后重试。"
        return problem_response(errors.Unavailable(detail))
    if isinstance(error, DBAPIError) and not isinstance(error, OperationalError | InterfaceError):
        return await _unexpected(_request, error)
    log.error("database unavailable", extra={"kind": type(error).__name__})
    return problem_response(errors.Unavailable("数据库暂时无法连接，请稍后重试。"))


async def _unexpected(_request: Request, error: Exception) -> JSONResponse:
    log.error("unexpected failure", exc_info=error)
    detail = f"系统内部出错，已记录。请把请求编号 {context.request_id.get()} 告诉管理员。"
    return JSONResponse(problem_body(500, "internal", "系统内部出错", detail), 500, media_type=PROBLEM_JSON)


def constraint_name(error: IntegrityError) -> str | None:
    """The name of the constraint that refused a change, when the driver tells it."""
    cause: BaseException | None = error.orig
    while cause is not None:
        name = getattr(cause, "constraint_name", None)
        if name:
            return str(name)
        cause = cause.__cause__
    return None


def install_problem_handlers(app: FastAPI) -> None:
    """Make every failure of an application a problem document."""
    app.add_exception_handler(errors.HubError, _hub_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(IntegrityError, _integrity_error)
    app.add_exception_handler(StaleDataError, _stale_data)
    app.add_exception_handler(DBAPIError, _database_refused)
    app.add_exception_handler(PoolTimeout, _database_refused)
    app.add_exception_handler(ConnectionError, _database_refused)
    app.add_exception_handler(Exception, _unexpected)
