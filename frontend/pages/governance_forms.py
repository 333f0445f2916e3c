"""Forms of the pages of bodies, seats, meetings and resolutions: fields declared in Python, one template for all."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from frontend.forms import ETAG_FIELD, Form
from frontend.gateway_client import Answer, ApiProblem, BoundGateway
from frontend.htmx import page_or_fragment, redirect
from frontend.pages.registry_words import FORM_REFUSALS, by_field, conflict, current, refused_form

STALE = 412
FORM_ID = "governance-form"
FRAGMENT = "governance/_form.html"
PAGE = "governance/form.html"


@dataclass(frozen=True)
class Field:
    """One field of a form, as the `form_field` macro takes it."""

    name: str
    label: str
    kind: str = "text"
    required: bool = False
    help: str = ""
    options: Sequence[tuple[str, str]] = ()
    wide: bool = False
    maxlength: int | None = None
    rows: int = 4
    blank: str = "没有"
    minimum: int | None = None
    step: str | None = None


@dataclass(frozen=True)
class FormPage:
    """A form with its place: title, path of breadcrumbs, where it is sent, and where one goes back to.

    `record` is the path of the record being changed (its version is read anew after a conflict); `dialog` shows the
    form in the dialog when htmx asks for it.
    """

    title: str
    crumbs: Sequence[tuple[str, str | None]]
    action: str
    cancel: str
    fields: Sequence[Field]
    submit: str = "保存"
    note: str = ""
    record: str | None = None
    dialog: bool = False

    @property
    def context(self) -> dict[str, Any]:
        labels = {one.name: one.label for one in self.fields}
        return {"page": self, "labels": labels, "form_id": FORM_ID}

    def shown(self, request: Request, form: Form) -> Response:
        """The form by itself, or in a dialog, or as a page."""
        fragment = "governance/_dialog.html" if self.dialog else FRAGMENT
        return page_or_fragment(request, PAGE, fragment, {**self.context, "form": form})

    async def sent(
        self,
        request: Request,
        gateway: BoundGateway,
        values: dict[str, Any],
        call: Callable[[], Awaitable[Answer]],
        toast: str,
        done: Callable[[Answer], str] | None = None,
    ) -> Response:
        """Carry the change out and go on, or show the form with its faults. Raises ApiProblem for any other refusal."""
        try:
            answer = await call()
        except ApiProblem as problem:
            if problem.status not in {*FORM_REFUSALS, STALE}:
                raise
            if problem.status == STALE and self.record is not None:
                values = {**values, ETAG_FIELD: (await current(gateway, self.record)).etag}
                problem = conflict(problem, {}, {})
            form = Form.refused(request, values, by_field(problem))
            return refused_form(request, PAGE, FRAGMENT, self.context, form, FORM_ID)
        return redirect(request, done(answer) if done else self.cancel, toast=toast)


def lines_of(text: Any) -> list[str]:
    """What stands in a field that takes one entry a line."""
    return [line.strip() for line in str(text or "").splitlines() if line.strip()]


def several(value: Any) -> list[str]:
    """The values of a field that may come once or several times."""
    return [one for one in (value if isinstance(value, list) else [value]) if one]


async def body_options(gateway: BoundGateway) -> list[tuple[str, str]]:
    """Bodies that stand, for a select."""
    found = (await gateway.get("/api/registry/v1/bodies", {"limit": 200, "sort": "position"})).data["items"]
    return [(one["id"], one["name"]) for one in found]
