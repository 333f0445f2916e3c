"""Workbooks that are taken in at once: the form that sends one, and what became of its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from frontend.forms import KEY_FIELD, Form, submitted
from frontend.gateway_client import Answer, ApiProblem, BoundGateway
from frontend.htmx import hx_retarget, page_or_fragment
from frontend.pages.governance_forms import Field
from frontend.pages.registry_words import FORM_REFUSALS, by_field, file_problem, refused_form
from frontend.tables import Column, Table
from services.kernel.errors import FieldIssue

NOTHING_CHOSEN = "请选择要导入的文件。"
PAGE, FRAGMENT = "catalogues/upload.html", "catalogues/_upload.html"
ISSUES = Table(
    id="row-issues",
    path="#",
    caption="退回的行和原因",
    columns=(Column("line", "行号", "number"), Column("header", "列"), Column("message", "错误原因", wide=True)),
)


@dataclass(frozen=True)
class UploadPage:
    """A form with a file: where it stands, where it is sent, and which other fields it has."""

    title: str
    crumbs: Sequence[tuple[str, str | None]]
    action: str
    cancel: str
    template: str
    note: str
    fields: Sequence[Field] = field(default=())

    @property
    def context(self) -> dict[str, Any]:
        labels = {one.name: one.label for one in self.fields} | {"file": "文件"}
        return {"page": self, "labels": labels, "taken": None, "table": None}

    def shown(self, request: Request) -> Response:
        """The empty form."""
        return page_or_fragment(request, PAGE, FRAGMENT, {**self.context, "form": Form.of(request)})

    async def sent(self, request: Request, gateway: BoundGateway, address: str) -> Response:
        """Pass the chosen file on, and show what became of its rows or the form with its faults."""
        values = await submitted(request)
        try:
            answer = await send_file(gateway, address, values)
        except ApiProblem as problem:
            return self.refused(request, values, problem)
        return self.taken(request, answer.data)

    def refused(self, request: Request, values: Mapping[str, Any], problem: ApiProblem) -> Response:
        """The form with its faults. Raises the problem when it is none of the form's."""
        if problem.status not in FORM_REFUSALS:
            raise problem
        own = {one.name for one in self.fields}
        told = by_field(problem) if any(issue.field in own for issue in problem.errors) else file_problem(problem)
        kept = {name: value for name, value in values.items() if name in own}
        # A new key: the next file is another request, whatever became of this one.
        return refused_form(request, PAGE, FRAGMENT, self.context, Form.refused(request, kept, told), "upload-form")

    def taken(self, request: Request, found: Mapping[str, Any]) -> Response:
        """What became of the rows, with the form for the next file."""
        rows = [{**issue, "id": place} for place, issue in enumerate(found["issues"])]
        table = ISSUES.view(request, {"items": rows, "total": len(rows), "next_cursor": None})
        context = {**self.context, "taken": found, "table": table, "form": Form.of(request)}
        response = page_or_fragment(request, PAGE, FRAGMENT, context)
        hx_retarget(response, "#upload-form", "outerHTML")
        return response


async def send_file(
    gateway: BoundGateway, path: str, values: Mapping[str, Any], fields: Mapping[str, str] | None = None
) -> Answer:
    """Pass the chosen file on. Raises ApiProblem, also when nothing was chosen."""
    file = values.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        issue = FieldIssue("file", "missing", NOTHING_CHOSEN)
        raise ApiProblem(422, "invalid_input", "没有选择文件", NOTHING_CHOSEN, errors=[issue])
    key = values.get(KEY_FIELD)
    return await gateway.upload(path, file.file, filename=file.filename, fields=fields, idempotency_key=key)
