"""Cursor pagination by key: stable under inserts, and as fast on the last page as on the first."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, TypeVar, overload
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel
from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from services.kernel.database import AnySession
from services.kernel.errors import FieldIssue, InvalidInput

DEFAULT_LIMIT = 50
MAXIMUM_LIMIT = 200
MAXIMUM_CURSOR = 4_000

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """One page of a list: its items, the cursor of the next page (null on the last), and how many match in all.

    `total` is null where so many match that counting them would take longer than showing them.
    """

    items: list[T]
    next_cursor: str | None = None
    total: int | None


@dataclass(frozen=True)
class PageRequest:
    """What a caller asked for; `descending` reverses the sort, the id breaks ties."""

    limit: int
    cursor: str | None
    sort: str | None

    @property
    def descending(self) -> bool:
        return bool(self.sort and self.sort.startswith("-"))

    @property
    def sort_name(self) -> str | None:
        return self.sort.lstrip("-") if self.sort else None


def page_request(
    limit: Annotated[int, Query(ge=1, le=MAXIMUM_LIMIT, description="每页条数")] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=MAXIMUM_CURSOR, description="上一页返回的 next_cursor")] = None,
    sort: Annotated[str | None, Query(description="排序字段，前加 - 为倒序", max_length=40)] = None,
) -> PageRequest:
    """FastAPI dependency that reads the paging parameters."""
    return PageRequest(limit, cursor, sort)


def _encode(values: Sequence[Any]) -> str:
    tagged = [[type(v).__name__, str(v) if v is not None else None] for v in values]
    return base64.urlsafe_b64encode(json.dumps(tagged, ensure_ascii=False).encode()).decode().rstrip("=")


_READERS: dict[str, Any] = {
    "str": str,
    "int": int,
    "UUID": UUID,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "Decimal": Decimal,
    "bool": lambda text: text == "True",
}


def _decode(cursor: str, columns: tuple[InstrumentedAttribute[Any], ...]) -> list[Any]:
    try:
        tagged = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        values = [None if text is None else _READERS[kind](text) for kind, text in tagged]
        if [type(value) for value in values] != [column.type.python_type for column in columns]:
            raise ValueError("values of another list")  # noqa: TRY301  # one handler for every malformed cursor
    except (ValueError, KeyError, TypeError, ArithmeticError, RecursionError) as fault:
        raise InvalidInput([FieldIssue("cursor", "cursor_invalid", "翻页位置无效，请从第一页重新查询。")]) from fault
    return values


def sort_column(
    request: PageRequest, sortable: dict[str, InstrumentedAttribute[Any]], default: str
) -> InstrumentedAttribute[Any]:
    """The column that `sort` names. Raises InvalidInput that lists the sortable names."""
    name = request.sort_name or default
    if name not in sortable:
        names = "、".join(sortable)
        raise InvalidInput([FieldIssue("sort", "sort_unknown", f"不能按 {name} 排序，可用：{names}。")])
    return sortable[name]


@overload
async def paginate(
    session: AnySession,
    statement: Select[Any],
    request: PageRequest,
    *,
    order: InstrumentedAttribute[Any],
    tie: InstrumentedAttribute[Any],
    counted: Literal[True] = True,
) -> tuple[list[Any], str | None, int]: ...


@overload
async def paginate(
    session: AnySession,
    statement: Select[Any],
    request: PageRequest,
    *,
    order: InstrumentedAttribute[Any],
    tie: InstrumentedAttribute[Any],
    counted: bool,
) -> tuple[list[Any], str | None, int | None]: ...


async def paginate(
    session: AnySession,
    statement: Select[Any],
    request: PageRequest,
    *,
    order: InstrumentedAttribute[Any],
    tie: InstrumentedAttribute[Any],
    counted: bool = True,
) -> tuple[list[Any], str | None, int | None]:
    """Run a statement page-wise: rows (first column of each), next cursor, total.

    `order` must not be null in the rows; `tie` is unique. NULL-able sort columns are coalesced by the caller. Where
    counting would read far more than the page, `counted` is False and the total is None unless one page holds all.
    """
    total: int | None = None
    if counted:
        count = select(func.count()).select_from(statement.order_by(None).subquery())
        total = (await session.execute(count)).scalar_one()
    page = statement
    if request.cursor:
        page = page.where(_after(order, tie, _decode(request.cursor, (order, tie)), request.descending))
    directed = (order.desc(), tie.desc()) if request.descending else (order.asc(), tie.asc())
    rows = list((await session.scalars(page.order_by(*directed).limit(request.limit + 1))).all())
    if len(rows) <= request.limit:
        return rows, None, len(rows) if total is None and not request.cursor else total
    last = rows[request.limit - 1]
    return rows[: request.limit], _encode([getattr(last, order.key), getattr(last, tie.key)]), total


def _after(
    order: InstrumentedAttribute[Any], tie: InstrumentedAttribute[Any], values: list[Any], descending: bool
) -> ColumnElement[bool]:
    if descending:
        return or_(order < values[0], and_(order == values[0], tie < values[1]))
    return or_(order > values[0], and_(order == values[0], tie > values[1]))
