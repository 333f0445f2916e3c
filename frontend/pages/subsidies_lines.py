"""结算明细: the lines of a settlement with filters and their sum, and one line with every condition."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from markupsafe import Markup

from frontend import filters
from frontend.access import CurrentUser, Gateway, needs
from frontend.gateway_client import BoundGateway
from frontend.htmx import page_or_fragment
from frontend.pages.subsidies_common import API, sum_fen
from frontend.pages.subsidies_shortfall import told_of_line
from frontend.session import User
from frontend.tables import Column, Filter, Table, TableView
from services.kernel.permissions import Party, Permission

router = APIRouter(
    prefix="/subsidies/settlements/{settlement_id}/lines", dependencies=[needs(Permission.SUBSIDIES_READ)]
)

OUTCOMES = {"payable": ("应付", "success"), "excluded": ("不计奖", "secondary")}
FUNDINGS = {"within_pool": ("资金池内", "success"), "above_pool": ("超出资金池", "warning")}
FACTS_SHOWN = 4
FUNDED_SUMS = {"": "payable", "within_pool": "within", "above_pool": "above"}


def _subject(row: Mapping[str, Any]) -> Markup:
    """The subject with what tells it from others; the line's own page has every fact with its label."""
    facts = "，".join(fact["value"] for fact in row["facts"][:FACTS_SHOWN])
    link = Markup('<a href="/subsidies/settlements/{}/lines/{}">{}</a>').format(
        row["settlement"], row["no"], row["subject"]
    )
    return Markup('{}<p class="field-help">{}</p>').format(link, facts) if facts else link


def _amount(row: Mapping[str, Any]) -> Markup:
    """The amount, and what is paid of it this year where that is less."""
    amount, to_pay = (filters.fen_of(row[key]) for key in ("amount", "to_pay"))
    shown = filters.amount(amount, unit=False)
    if to_pay is None or to_pay == amount:
        return shown
    return Markup('{}<span class="cell-note">本年支付 {}</span>').format(shown, filters.amount(to_pay, unit=False))


def _rule(row: Mapping[str, Any]) -> Markup:
    return Markup("{} {}").format(row["rule_name"], filters.citation(row["pack"], row["article"]))


LINES = Table(
    id="lines",
    path="",  # set for each settlement
    caption="结算明细",
    row_id="no",
    default_sort="no",
    columns=(
        Column("no", "行号", "number", sort="no", narrow_hidden=True),
        Column("subject", "对象和事实", render=_subject, wide=True),
        Column("outcome", "结果", "status", labels=OUTCOMES),
        Column("sentence", "说明", wide=True),
        Column("rule_name", "奖补项目", render=_rule),
        Column("payee_name", "收款单位"),
        Column("amount", "金额", "amount", sort="amount", render=_amount),
    ),
    filters=(
        Filter("rule", "奖补项目", "select"),
        Filter("outcome", "结果", "select", tuple((code, words) for code, (words, _) in OUTCOMES.items())),
        Filter("reason", "不计原因", "select"),
        Filter("funding", "资金", "select", tuple((code, words) for code, (words, _) in FUNDINGS.items())),
        Filter("payee", "收款单位", "select"),
    ),
    limit=30,
    empty_title="没有符合条件的明细",
)


async def lines_view(request: Request, gateway: BoundGateway, user: User, settlement: Mapping[str, Any]) -> TableView:
    """One page of a settlement's lines, by the query of the request."""
    table = replace(LINES, path=f"/subsidies/settlements/{settlement['id']}/lines")
    asked = table.params(request)
    answer = (await gateway.get(f"{API}/settlements/{settlement['id']}/lines", asked)).data
    shared = {"settlement": settlement["id"], "pack": settlement["pins"]["policy_pack"]}
    rows = [{**row, **shared} for row in answer["items"]]
    options = {
        "rule": [(rule["rule"], rule["rule_name"]) for rule in settlement["rules"]],
        "reason": sorted({(entry["reason"], entry["sentence"]) for entry in settlement["reasons"]}),
        "payee": [(payee["payee"], payee["payee_name"]) for payee in settlement["payees"]],
    }
    sums = line_totals(settlement, asked, answer, sees_all=user.party not in (Party.COUNTY, Party.MEMBER))
    return table.view(
        request,
        {**answer, "items": rows},
        totals={**sums, "amount": _amount(sums)},
        filters=[Filter(f.name, f.label, f.kind, options.get(f.name, f.options)) for f in table.filters],
    )


def line_totals(
    settlement: Mapping[str, Any], asked: Mapping[str, Any], answer: Mapping[str, Any], *, sees_all: bool
) -> dict[str, Any]:
    """The 合计 row: of all lines found where the settlement's totals tell it, else of the page, and it says which.

    Totals are kept by rule and by payee, not by both, and those by rule are the whole alliance's.
    """
    found, whole = answer["items"], answer["total"] == len(answer["items"])
    rule, payee = asked.get("rule"), asked.get("payee")
    if whole or (rule and payee) or not (sees_all or payee):
        words = "全部" if whole else "本页"
        return {"subject": f"{words} {len(found)} 行", **{key: sum_fen(found, key) for key in ("amount", "to_pay")}}
    return {"subject": f"全部 {answer['total']} 行", **_kept_totals(settlement, asked)}


def _kept_totals(settlement: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, int | None]:
    """What the totals tell of all lines found; they do not tell what is paid of the lines within or above a pool."""
    if asked.get("reason") or asked.get("outcome") == "excluded":
        return {"amount": 0, "to_pay": 0}  # an excluded line carries no amount
    kind, wanted = ("payee", asked["payee"]) if asked.get("payee") else ("rule", asked.get("rule"))
    rows = [row for row in settlement[f"{kind}s"] if wanted in (None, row[kind])]
    funding = str(asked.get("funding") or "")
    to_pay = None if funding else sum_fen(rows, "to_pay")
    return {"amount": sum_fen(rows, FUNDED_SUMS[funding]), "to_pay": to_pay}


@router.get("")
async def lines(settlement_id: UUID, request: Request, gateway: Gateway, user: CurrentUser) -> Response:
    """The lines alone, by the chosen filters."""
    settlement = (await gateway.get(f"{API}/settlements/{settlement_id}")).data
    values = {"settlement": settlement, "table": await lines_view(request, gateway, user, settlement)}
    return page_or_fragment(request, "subsidies/settlements/lines.html", "_table.html", values)


@router.get("/{line_no}")
async def line(
    settlement_id: UUID, line_no: Annotated[int, Path(ge=1, le=2**31 - 1)], request: Request, gateway: Gateway
) -> Response:
    """One line: each condition with what was found and what is asked for, the formula and the sentence."""
    settlement = (await gateway.get(f"{API}/settlements/{settlement_id}")).data
    found = (await gateway.get(f"{API}/settlements/{settlement_id}/lines/{line_no}")).data
    values = {
        "settlement": settlement,
        "pack": settlement["pins"]["policy_pack"],
        "line": found,
        "facts_known": [(fact["label"], fact["value"]) for fact in found["facts"]],
        "decisions": told_of_line(settlement, found),
        "paid_otherwise": found["to_pay"] not in (None, found["amount"]),
        "outcomes": OUTCOMES,
        "fundings": FUNDINGS,
        "nothing": filters.NOTHING,
    }
    return page_or_fragment(request, "subsidies/settlements/line.html", "subsidies/settlements/_line.html", values)
