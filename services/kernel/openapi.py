"""What a service's OpenAPI document says beyond FastAPI's: which permissions an operation asks for, and how it fails.

Every operation may fail as the kernel's error tree can, always with a problem document (RFC 9457). `x-permissions`
lists alternatives of which one suffices, each a list of permissions of which all are needed; without it any signed-in
caller may use the operation. The gateway cuts the documents of each audience by it.
"""

from collections.abc import Iterable
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from services.kernel.auth import requirements_of
from services.kernel.problems import PROBLEM_JSON

PROBLEM_REFERENCE: Final = "#/components/schemas/Problem"
PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "title": "问题说明（RFC 9457）",
    "required": ["type", "title", "status", "code", "detail", "errors", "request_id"],
    "properties": {
        "type": {"type": "string", "description": "问题的种类"},
        "title": {"type": "string", "description": "简短的说法"},
        "status": {"type": "integer", "description": "HTTP 状态码"},
        "code": {"type": "string", "description": "不变的代码，供程序判断"},
        "detail": {"type": "string", "description": "原因，以及怎样办"},
        "errors": {
            "type": "array",
            "description": "每个字段的问题",
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {
                    "field": {"type": "string", "description": "字段"},
                    "code": {"type": "string", "description": "不变的代码"},
                    "message": {"type": "string", "description": "怎样改正"},
                },
            },
        },
        "request_id": {"type": "string", "description": "请求编号，供查询日志"},
    },
    "example": {
        "type": "urn:alliance-hub:problem:not_signed_in",
        "title": "尚未登录",
        "status": 401,
        "code": "not_signed_in",
        "detail": "请先登录：请求没有带访问令牌。",
        "errors": [],
        "request_id": "0f8fad5bd9cb469fa16570867728950e",
    },
}
"""The schema of a problem document: RFC 9457, 3.1, and the hub's own members `code`, `errors` and `request_id`."""

FAILURES: Final = {
    400: "请求无法理解",
    401: "没有登录，或访问令牌无效",
    403: "没有这项权限",
    404: "没有找到，或不归调用者看",
    409: "当前状态不允许",
    412: "已被他人修改（If-Match 过时）",
    413: "内容过大",
    415: "不支持的文件类型",
    422: "填写内容有误，errors 列出每一处",
    428: "缺少 If-Match",
    429: "请求过于频繁，Retry-After 秒后再试",
    503: "服务繁忙或部分停用，Retry-After 秒后再试",
}
"""What each status of the error tree means; the gateway refuses with the same ones."""
OF_THE_FRAMEWORK: Final = ("HTTPValidationError", "ValidationError")


def alternatives_of(route: APIRoute) -> list[list[str]]:
    """The alternatives of a route's permissions, flattened from all that it requires; empty if it requires none."""
    alternatives: list[list[str]] = [[]]
    for requirement in requirements_of(route):
        wanted = [p.value for p in requirement.permissions]
        ways = [[one] for one in wanted] if requirement.any_of else [wanted]
        alternatives = [sorted({*so_far, *way}) for so_far in alternatives for way in ways]
    return [way for way in alternatives if way]


def describe_operations(app: FastAPI, routers: Iterable[APIRouter], prefix: str) -> None:
    """Make the application's OpenAPI document tell, of each operation of these routers, permissions and failures."""
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            for route in routes:
                item = document["paths"].get(prefix + route.path_format, {})
                for method in route.methods or ():
                    if method.lower() in item:
                        _describe(item[method.lower()], alternatives_of(route))
            _name_the_problem(document)
        assert app.openapi_schema is not None  # noqa: S101  # FastAPI keeps what it made
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def _describe(operation: dict[str, Any], ways: list[list[str]]) -> None:
    if ways:
        operation["x-permissions"] = ways
    for status, meaning in FAILURES.items():
        operation["responses"][str(status)] = problem_answer(meaning)


def _name_the_problem(document: dict[str, Any]) -> None:
    """The problem's schema takes the place of the framework's own, which is never answered."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in OF_THE_FRAMEWORK:
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM


def problem_answer(sentence: str) -> dict[str, Any]:
    """The response of everything that fails."""
    return {"description": sentence, "content": {PROBLEM_JSON: {"schema": {"$ref": PROBLEM_REFERENCE}}}}
