"""The payment table of a settlement as a workbook: 拨付汇总, 明细, 超出资金池, 说明.

Paid is what the pools reach until somebody decides on what lies above, then what was decided, and what the year before
deferred to this one. What lies above stands on a sheet of its own, with what becomes of it once that is decided.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import xlsxwriter

from services.kernel.clock import BUSINESS_ZONE
from services.kernel.money import capital_amount, fen_to_yuan, yuan_text
from services.subsidies.domain import SettlementState
from services.subsidies.queries.facts import Inputs
from services.subsidies.queries.lines import ShortLine
from services.subsidies.queries.payments import Payment
from services.subsidies.queries.subjects import NOBODY, Subject
from services.subsidies.rules.scenarios import LABELS, ScenarioCode
from services.subsidies.tables import PoolDecision, Settlement

MONEY: Final = "#,##0.00"
GATE: Final = "assessment_gate"
OUTCOMES: Final = ("应付（元）", "本年支付（元）", "结转下年（元）", "不予支付（元）")
UNDECIDED: Final = "超出当年资金的项目不自行压减，未列入拨付；待作出决定并登记文号后另行办理。"


@dataclass(frozen=True)
class Contents:
    """What the table tells: the payments in their order, the lines not paid in full, and the decisions that stand."""

    settlement: Settlement
    inputs: Inputs
    payments: Sequence[Payment]
    short: Sequence[ShortLine]
    standing: Sequence[PoolDecision]
    subjects: dict[tuple[int, int], Subject]


def payment_table(contents: Contents) -> bytes:
    """Write the four sheets; amounts are numbers in yuan with two decimals."""
    settlement = contents.settlement
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        title = f"{settlement.year}年度职业教育奖补资金拨付表"
        made = (
            settlement.computed_at or settlement.created_at
        )  # never the machine's clock: the same table, the same file
        book.set_properties({"title": title, "author": "职教联盟信息交换中枢", "created": made.replace(tzinfo=None)})
        table = _Table(book, contents)
        table.summary()
        table.details()
        table.above()
        table.notes()
    return buffer.getvalue()


class _Table:
    """The workbook under construction."""

    def __init__(self, book: Any, contents: Contents) -> None:
        self.book, self.contents = book, contents
        self.settlement, self.inputs = contents.settlement, contents.inputs
        edge = {"border": 1, "valign": "vcenter", "font_name": "宋体", "font_size": 11}
        self.title = book.add_format({"bold": True, "font_size": 18, "align": "center", "valign": "vcenter"})
        self.head = book.add_format({**edge, "bold": True, "align": "center", "bg_color": "#DDEBF7", "text_wrap": True})
        self.cell = book.add_format({**edge, "text_wrap": True})
        self.code = book.add_format({**edge, "num_format": "@"})
        self.money = book.add_format({**edge, "num_format": MONEY})
        self.total = book.add_format({**edge, "bold": True})
        self.total_money = book.add_format({**edge, "bold": True, "num_format": MONEY})
        self.note = book.add_format({"text_wrap": True, "valign": "top", "font_name": "宋体", "font_size": 11})

    def summary(self) -> None:
        """Sheet 1: one row per payee, the amount in figures and in capitals, and 合计."""
        heads = [
            ("序号", 6),
            ("收款单位", 36),
            ("统一社会信用代码", 24),
            ("项数", 8),
            ("金额（元）", 18),
            ("金额大写", 44),
        ]
        sheet = self._sheet("拨付汇总", "拨付汇总表", heads)
        sums: dict[UUID, tuple[int, int]] = {}
        for payment in self.contents.payments:
            count, fen = sums.get(payment.payee, (0, 0))
            sums[payment.payee] = (count + payment.count, fen + payment.fen)
        names = self.inputs.registry.name_of
        row = 2
        for place, payee in enumerate(sorted(sums, key=lambda unit: (names(unit), str(unit))), start=1):
            count, fen = sums[payee]
            sheet.write_number(row, 0, place, self.cell)
            sheet.write_string(row, 1, names(payee), self.cell)
            sheet.write_string(row, 2, self._uscc(payee), self.code)
            sheet.write_number(row, 3, count, self.cell)
            sheet.write_number(row, 4, fen_to_yuan(fen), self.money)
            sheet.write_string(row, 5, capital_amount(fen_to_yuan(fen)), self.cell)
            row += 1
        whole = sum(fen for _, fen in sums.values())
        self._totals(sheet, row, ["合计", "", "", sum(count for count, _ in sums.values()), fen_to_yuan(whole)])
        sheet.write_string(row, 5, capital_amount(fen_to_yuan(whole)), self.total)

    def details(self) -> None:
        """Sheet 2: one row per rule and payee, those that the year before deferred last, and 合计."""
        heads = [("序号", 6), ("奖补项目", 28), ("依据", 10), ("收款单位", 36), ("项数", 8), ("金额（元）", 18)]
        sheet = self._sheet("明细", "拨付明细表", heads)
        names, payments = self.inputs.registry.name_of, self.contents.payments

        def place(payment: Payment) -> tuple[bool, int, str, str]:
            return payment.carried, payment.rule_no, names(payment.payee), str(payment.payee)

        for row, payment in enumerate(sorted(payments, key=place), start=2):
            sheet.write_number(row, 0, row - 1, self.cell)
            sheet.write_string(row, 1, payment.item, self.cell)
            sheet.write_string(row, 2, payment.article, self.cell)
            sheet.write_string(row, 3, names(payment.payee), self.cell)
            sheet.write_number(row, 4, payment.count, self.cell)
            sheet.write_number(row, 5, fen_to_yuan(payment.fen), self.money)
        counts = sum(payment.count for payment in payments)
        whole = sum(payment.fen for payment in payments)
        self._totals(sheet, len(payments) + 2, ["合计", "", "", "", counts, fen_to_yuan(whole)])

    def above(self) -> None:
        """Sheet 3: every payable line that the pool does not reach or that is not paid in full, and 合计."""
        decided = bool(self.contents.standing)
        heads = [
            ("序号", 6),
            ("结算行号", 10),
            ("奖补项目", 28),
            ("对象", 36),
            ("收款单位", 36),
            ("名次", 8),
            *([(head, 18) for head in OUTCOMES] if decided else [("金额（元）", 18)]),
        ]
        title = "超出资金池的处理" if decided else "超出资金池（未列入拨付）"
        sheet = self._sheet("超出资金池", title, heads)
        sums = [0] * (len(heads) - 6)
        for row, short in enumerate(self.contents.short, start=2):
            line = short.line
            subject = self.contents.subjects.get((line.subject_kind, line.subject_no), NOBODY)
            sheet.write_number(row, 0, row - 1, self.cell)
            sheet.write_number(row, 1, line.line_no, self.cell)
            sheet.write_string(row, 2, self.inputs.policy.book.rules[line.rule_no - 1].name, self.cell)
            sheet.write_string(row, 3, subject.title, self.cell)
            sheet.write_string(row, 4, self.inputs.registry.name_of(line.payee), self.cell)
            if line.rank is None:
                sheet.write_blank(row, 5, None, self.cell)
            else:
                sheet.write_number(row, 5, line.rank, self.cell)
            for place, fen in enumerate(_outcome(short) if decided else [line.amount_fen]):
                if fen is None:
                    sheet.write_blank(row, 6 + place, None, self.cell)
                else:
                    sheet.write_number(row, 6 + place, fen_to_yuan(fen), self.money)
                    sums[place] += fen
        whole = [fen_to_yuan(fen) for fen in sums]
        self._totals(sheet, len(self.contents.short) + 2, ["合计", "", "", "", "", "", *whole])

    def notes(self) -> None:
        """Sheet 4: the document, the articles, the pins and the hash, and what stands before a disbursement."""
        sheet = self.book.add_worksheet("说明")
        sheet.set_column(0, 0, 24, self.note)
        sheet.set_column(1, 1, 100, self.note)
        for row, (label, text) in enumerate(self._note_lines()):
            sheet.write_string(row, 0, label, self.note)
            sheet.write_string(row, 1, text, self.note)

    def _note_lines(self) -> list[tuple[str, str]]:
        policy, pins, row = self.inputs.policy, self.inputs.pinned.pins, self.settlement
        confirmed = row.state == SettlementState.CONFIRMED.value
        stale = "" if row.registry_fresh else "（计算时登记服务未应答，采用最近一次登记信息）"
        state = f"已确认，确认人：{row.confirmed_by_name}" if confirmed else "未确认，仅供核对，不得据以拨付"
        return [
            ("依据文件", f"{policy.number}《{policy.document['title']}》"),
            ("结算年度", f"{row.year} 年"),
            ("快照日", f"{row.snapshot_date.year}年{row.snapshot_date.month}月{row.snapshot_date.day}日"),
            ("状态", state),
            *[(f"条款 {rule.article}", f"{rule.name}：{self._article(rule.article)}") for rule in policy.book.rules],
            *self._gate(),
            *self._carried(),
            *self._decisions(),
            ("文件版本", f"{pins.policy_pack} 第 {pins.policy_version} 版，SHA-256 {pins.policy_sha256}"),
            ("登记信息版本", f"{pins.registry_version}{stale}"),
            ("名册序号", str(pins.roster_sequence)),
            ("已受理申报", f"{len(self.inputs.pinned.claims)} 项，SHA-256 {pins.claims_sha256}"),
            ("以前年度支付", f"{len(self.inputs.pinned.prior)} 次结算，SHA-256 {pins.prior_payments_sha256}"),
            ("结算校验值", f"SHA-256 {row.hash}"),
        ]

    def _carried(self) -> list[tuple[str, str]]:
        """What the year before deferred to this one."""
        year, found = self.settlement.year - 1, []
        names = {budget.code: budget.name for budget in self.inputs.policy.book.budgets}
        for code, fen in self.inputs.pinned.carried_fen.items():
            known = f"先从本年的{names.get(code)}中列支"
            source = known if code in names else "原列支的资金不在本年所依据的文件中，须另行落实来源"
            found.append(("上年度结转", f"{year} 年度结转到本年支付 {yuan_text(fen)} 元，{source}。"))
        return found

    def _decisions(self) -> list[tuple[str, str]]:
        """What was decided on each budget that does not suffice; else that what lies above it waits for a decision."""
        standing = {decision.budget: decision for decision in self.contents.standing}
        pools = (self.settlement.totals or {})["pools"]
        open_ones = [pool for pool in pools if pool["above_fen"] and pool["budget"] not in standing]
        told = [(self.inputs.policy.book.budget(code).name, row) for code, row in standing.items()]
        found = [("超出资金池", f"{name}：{_told(row)}") for name, row in told]
        return found if found and not open_ones else [*found, ("超出资金池", UNDECIDED)]

    def _gate(self) -> list[tuple[str, str]]:
        """What the pack decides on assessment and disbursement, with its article."""
        decision = self.inputs.policy.content.get("decisions", {}).get(GATE)
        if decision is None:
            return []
        return [(f"拨付条件 {decision.get('article') or ''}".strip(), f"拨付前须通过考核。{decision['why']}")]

    def _article(self, locator: str) -> str:
        return str(self.inputs.policy.article(locator).get("summary", ""))

    def _uscc(self, payee: UUID) -> str:
        member = self.inputs.registry.members.get(payee)
        return (member.uscc or "") if member else ""

    def _sheet(self, name: str, title: str, heads: Sequence[tuple[str, int]]) -> Any:
        sheet = self.book.add_worksheet(name)
        confirmed = self.settlement.state == SettlementState.CONFIRMED.value
        draft = "" if confirmed else "（未确认）"
        full = f"{self.settlement.year}年度职业教育奖补资金{title}{draft}"
        sheet.merge_range(0, 0, 0, len(heads) - 1, full, self.title)
        sheet.set_row(0, 32)
        for place, (head, width) in enumerate(heads):
            sheet.set_column(place, place, width)
            sheet.write_string(1, place, head, self.head)
        sheet.freeze_panes(2, 0)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0, 1)
        return sheet

    def _totals(self, sheet: Any, row: int, cells: Sequence[str | int | Decimal]) -> None:
        """The last row: texts, counts, and amounts in yuan."""
        for place, value in enumerate(cells):
            if isinstance(value, str):
                sheet.write(row, place, value or None, self.total)  # a blank keeps its border
            else:
                sheet.write_number(row, place, value, self.total_money if isinstance(value, Decimal) else self.total)


def _outcome(short: ShortLine) -> list[int | None]:
    """The cells of `OUTCOMES` in 分; what becomes of the rest is open where nothing was decided."""
    owed, decided = short.line.amount_fen, short.decided
    if decided is None:
        return [owed, 0, None, None]
    return [owed, decided.paid_fen, decided.deferred_fen, owed - decided.paid_fen - decided.deferred_fen]


def _told(row: PoolDecision) -> str:
    """One decision in a sentence or two: what, the sums, on what basis, by whom and when."""
    on = row.decided_at.astimezone(BUSINESS_ZONE)
    sums = (("应付", row.claimed_fen), ("本年支付", row.paid_fen), ("结转下年", row.deferred_fen))
    money = "，".join(f"{head} {yuan_text(fen)} 元" for head, fen in (*sums, ("不予支付", row.unfunded_fen)))
    basis = f"{row.resolution_number or ''}{f'《{row.resolution_title}》' if row.resolution_title else ''}"
    return (
        f"{LABELS[ScenarioCode(row.scenario)]}。{money}。依据：{basis}。理由：{row.opinion.rstrip('。')}。"
        f"{row.decided_by_name} 于 {on.year}年{on.month}月{on.day}日决定（第 {row.no} 次）。"
    )
