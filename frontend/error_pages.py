"""Every failure as a page or a fragment with its real status: what, why, what to do, request id."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from frontend.access import SignInNeeded, recall_session
from frontend.gateway_client import ApiProblem
from frontend.htmx import HtmxDetails, hx_redirect, page_or_fragment, safe_next
from services.kernel import context
from services.kernel.errors import FieldIssue
from services.kernel.messages import validation_message

log = logging.getLogger(__name__)

TITLES = {
    400: "请求有误",
    403: "没有权限",
    404: "没有找到",
    405: "不支持这种操作",
    409: "当前状态不允许此操作",
    412: "内容已被他人修改",
    413: "内容过大",
    422: "填写内容有误",
    428: "缺少版本条件",
    429: "操作过于频繁",
    500: "系统内部出错",
    502: "服务暂时不可用",
    503: "服务暂时不可用",
    504: "服务响应超时",
}
DETAILS = {
    403: "您的账号没有进行这项操作的权限。",
    404: "这个地址没有对应的页面，可能已经移动或输入有误。",
    405: "这个页面不支持这种操作方式。",
    409: "这项操作与记录的最新状态不符。",
    412: "您打开页面之后，这条记录已被他人修改。",
    413: "提交的内容超过了允许的大小。",
    429: "短时间内的操作次数超过了限制。",
    500: "系统处理这次请求时出错，已经记录下来。",
    503: "后台服务没有响应，可能正在启动或维护。",
}
ADVICE = {
    400: "请返回上一页重试。",
    403: "如确需使用，请联系秘书处为您的账号开通相应权限。",
    404: "请检查地址，或从左侧菜单进入。",
    409: "请刷新页面，核对最新状态后再操作。",
    412: "请刷新页面，在最新内容上重新修改；已填写的内容请先另行保存。",
    413: "请减小文件后重新上传。",
    422: "请按提示改正后重新提交。",
    428: "请刷新页面后重新提交。",
    429: "请稍候片刻再试。",
    500: "请稍后重试；仍不成功时，请把请求编号告诉系统管理员。",
    502: "请稍后重试；已填写的内容仍在页面上。",
    503: "请稍后重试；已填写的内容仍在页面上。",
    504: "请稍后重试；已填写的内容仍在页面上。",
}


@dataclass(frozen=True)
class ErrorView:
    """What `_error.html` shows."""

    status: int
    title: str
    detail: str
    advice: str
    request_id: str
    errors: Sequence[FieldIssue] = field(default_factory=tuple)
    sign_in: bool = False


def view_of(problem: ApiProblem) -> ErrorView:
    """The page's words for a refusal; a rate limit names its seconds."""
    advice = ADVICE.get(problem.status, "请稍后重试。")
    if problem.retry_after_seconds and problem.status in (429, 503):
        advice = f"请在 {problem.retry_after_seconds} 秒后重试。"
    sign_in = problem.code.startswith("login_")
    return ErrorView(
        status=problem.status,
        title=problem.title,
        detail=problem.detail,
        advice="" if sign_in else advice,
        request_id=problem.request_id or context.request_id.get(),
        errors=problem.errors,
        sign_in=sign_in,
    )


def error_response(request: Request, problem: ApiProblem) -> Response:
    """The error as a page, or as the fragment that htmx puts on top of the page (see base.html)."""
    return page_or_fragment(request, "error.html", "_error.html", {"problem": view_of(problem)}, status=problem.status)


def status_problem(status: int) -> ApiProblem:
    """The problem of a bare status."""
    title = TITLES.get(status, "请求没有成功")
    return ApiProblem(status, f"http_{status}", title, DETAILS.get(status, "请求没有成功，请稍后重试。"))


def to_sign_in(request: Request) -> Response:
    """Send the browser to sign in and back; an htmx request moves the whole page."""
    details = HtmxDetails.of(request)
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = details.current_path if details.request else here if request.method == "GET" else "/"
    address = request.url_for("login").include_query_params(next=safe_next(back))
    target = f"{address.path}?{address.query}"
    if not details.request:
        return RedirectResponse(target, 303)
    response = Response(status_code=401)
    hx_redirect(response, target)
    return response


def install_error_pages(app: FastAPI) -> None:
    """Register the handlers of every failure."""

    @app.exception_handler(SignInNeeded)
    async def _sign_in_needed(request: Request, _error: SignInNeeded) -> Response:
        return to_sign_in(request)

    @app.exception_handler(ApiProblem)
    async def _api_problem(request: Request, problem: ApiProblem) -> Response:
        log.info("answered with a problem", extra={"code": problem.code, "status": problem.status})
        if problem.status == 401:
            return to_sign_in(request)
        await recall_session(request)
        return error_response(request, problem)

    @app.exception_handler(HTTPException)
    async def _http_error(request: Request, error: HTTPException) -> Response:
        await recall_session(request)
        return error_response(request, status_problem(error.status_code))

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        issues = [
            FieldIssue(".".join(str(p) for p in item["loc"][1:]), item["type"], validation_message(item))
            for item in error.errors()
        ]
        problem = ApiProblem(422, "invalid_input", TITLES[422], "有内容不符合要求，没有提交。", errors=issues)
        return error_response(request, problem)

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, error: Exception) -> Response:
        log.error("unexpected failure", exc_info=error)
        return error_response(request, status_problem(500))
