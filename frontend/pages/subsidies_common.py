"""What the three groups of subsidy pages share: where the API stands, the year, the rules."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Query, Request

from frontend import filters
from frontend.gateway_client import BoundGateway
from frontend.session import SessionStore
from services.kernel.clock import business_date

API = "/api/subsidies/v1"
Year = Annotated[int | None, Query(ge=2000, le=2100)]


def this_year(request: Request) -> int:
    """The business year, by the application's clock."""
    sessions: SessionStore = request.app.state.sign_in.sessions
    return business_date(sessions.clock).year


async def rules_of(gateway: BoundGateway, year: int | None = None) -> dict[str, Any]:
    """The money rules of the applied document, with the amounts of a year (default: the current)."""
    answer = await gateway.get(f"{API}/rules", {"year": year})
    found: dict[str, Any] = answer.data
    return found


def rule_options(rules: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(code, name) of every rule, for a select."""
    return [(rule["code"], rule["name"]) for rule in rules["rules"]]


def year_text(row: Mapping[str, Any]) -> str:
    return f"{row['year']}年"


def sum_fen(rows: Sequence[Mapping[str, Any]], key: str) -> int:
    """The sum of one amount over rows, in 分."""
    return sum(filters.fen_of(row[key]) or 0 for row in rows)
