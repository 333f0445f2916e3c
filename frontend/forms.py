"""The state of a form: what was filled in, what the service found wrong, and the hidden fields that protect it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from fastapi import Request
from pydantic import TypeAdapter, ValidationError

from frontend.access import CSRF_FIELD
from frontend.gateway_client import ApiProblem
from services.kernel.ids import new_id

KEY_FIELD = "idempotency_key"
ETAG_FIELD = "etag"
ROWS: Final = TypeAdapter(list[UUID])


@dataclass
class Form:
    """What the `*_field` macros read.

    `values` by field name; `errors` by field name (sentences); `problem` is the refusal that `error_summary` shows;
    `etag` is the version being edited; `key` makes a repeated submission of the same form count once.
    """

    csrf_token: str
    values: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, list[str]] = field(default_factory=dict)
    problem: ApiProblem | None = None
    etag: str = ""
    key: str = ""

    @classmethod
    def of(cls, request: Request, values: Mapping[str, Any] | None = None, *, etag: str | None = None) -> "Form":
        """A fresh form, empty or filled from a record."""
        token = request.state.session.csrf_token
        return cls(csrf_token=token, values=values or {}, etag=etag or "", key=str(new_id()))

    @classmethod
    def refused(cls, request: Request, values: Mapping[str, Any], problem: ApiProblem) -> "Form":
        """The form as it was sent (from `await submitted(request)`), with what the service said about it."""
        return cls(
            csrf_token=request.state.session.csrf_token,
            values=values,
            errors=problem.field_errors,
            problem=problem,
            etag=str(values.get(ETAG_FIELD, "")),
            key=str(values.get(KEY_FIELD) or new_id()),
        )

    def value(self, name: str) -> Any:
        """What stands in the field; nothing is an empty text."""
        found = self.values.get(name)
        return "" if found is None else found

    def has(self, name: str, option: str) -> bool:
        """Whether an option of a select or a set of ticks is chosen."""
        found = self.values.get(name)
        return str(option) in [str(v) for v in found] if isinstance(found, list) else str(found or "") == str(option)

    def error(self, name: str) -> list[str]:
        return self.errors.get(name, [])


async def submitted(request: Request) -> dict[str, Any]:
    """The fields of a submitted form: text stripped, several values of one name as a list, files as they are."""
    form = await request.form()
    values: dict[str, Any] = {}
    for name in form:
        given = [v.strip() if isinstance(v, str) else v for v in form.getlist(name)]
        values[name] = given if len(given) > 1 else given[0]
    return values


async def ticked(request: Request) -> list[UUID]:
    """The rows of a list that were ticked. Raises ApiProblem for none: that shall never stand for all of them."""
    try:
        rows = ROWS.validate_python((await request.form()).getlist("ids"))
    except ValidationError:
        rows = []
    if not rows:
        words = "没有收到勾选的行，什么也没有改动。请在列表中勾选后再操作。"
        raise ApiProblem(422, "nothing_ticked", "没有勾选", words)
    return rows


def whole_number(given: Any) -> int | None:
    """A number of at most nine digits, as people type it or an address holds it; None for anything else."""
    text = str(given or "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


def payload(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The named fields for a JSON body; an empty text is null, so that the service sees 'not filled in'."""
    return {name: None if values.get(name) == "" else values.get(name) for name in names}


__all__ = ["CSRF_FIELD", "ETAG_FIELD", "KEY_FIELD", "Form", "payload", "submitted", "ticked", "whole_number"]
