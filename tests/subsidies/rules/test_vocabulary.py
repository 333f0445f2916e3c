"""The stored numbers and the Chinese words agree with the contract page and never move."""

from __future__ import annotations

import re
from pathlib import Path

from services.subsidies.rules import Funding, Outcome, Reason, SubjectKind

DESIGN = Path(__file__).resolve().parents[3] / "docs" / "design.md"


def test_reasons_stand_in_the_contract_s_order_with_its_sentences() -> None:
    settlement = DESIGN.read_text(encoding="utf-8").split("## 9. Settlement")[1]
    table = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", settlement, flags=re.MULTILINE)
    assert [(reason.code, reason.sentence) for reason in Reason] == [(code, text.strip()) for code, text in table]


def test_stored_numbers_keep_their_meaning() -> None:
    assert [int(reason) for reason in Reason] == list(range(1, 19))
    assert {outcome.code: int(outcome) for outcome in Outcome} == {"payable": 1, "excluded": 2}
    assert {funding.code: int(funding) for funding in Funding} == {"within_pool": 1, "above_pool": 2}
    assert {kind.name: int(kind) for kind in SubjectKind} == {"RECOGNITION": 1, "STUDENT": 2, "CLASS": 3}


def test_every_word_has_a_chinese_label() -> None:
    labels = [word.label for vocabulary in (Outcome, Funding, SubjectKind) for word in vocabulary]
    assert labels == ["应付", "不计奖", "资金池内", "超出资金池", "级别认定", "学生", "校企合作班"]
