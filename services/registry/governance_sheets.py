"""Workbooks of seats and of resolutions, for taking along; nothing is read back from them."""

from collections.abc import Sequence
from typing import Final

from services.kernel import registry_words as words
from services.kernel.policy.vocabulary import SUCCESSION_LABELS
from services.kernel.workbooks import Column, TableSpec, Value, write_rows
from services.registry.schemas.governance import SeatSummary
from services.registry.schemas.meetings import ResolutionSummary

SUCCESSIONS: Final = {str(mode): label for mode, label in SUCCESSION_LABELS.items()}
SEATS: Final = TableSpec(
    "席位",
    "机构席位名册",
    (
        Column("body", "机构", width=36),
        Column("title", "席位", width=14),
        Column("unit", "单位", width=32),
        Column("post", "职务", width=20),
        Column("holder", "任职人", width=12),
        Column("since", "任职起", kind="date", width=14),
        Column("votes", "表决权", width=8),
        Column("succession", "接任办法", width=24),
    ),
)
RESOLUTIONS: Final = TableSpec(
    "决议",
    "决议目录",
    (
        Column("number", "文号", width=24),
        Column("title", "标题", width=48),
        Column("body", "机构", width=36),
        Column("resolved_on", "表决日期", kind="date", width=14),
        Column("outcome", "结果", width=14),
        Column("in_favour", "赞成", width=8),
        Column("against", "反对", width=8),
        Column("abstained", "弃权", width=8),
    ),
)


def seat_workbook(seats: Sequence[SeatSummary]) -> bytes:
    """One row for each seat."""
    return write_rows(SEATS, [_seat(seat) for seat in seats])


def _seat(seat: SeatSummary) -> dict[str, Value]:
    return {
        "body": seat.body.name,
        "title": seat.title,
        "unit": seat.member.name if seat.member else seat.unit_name,
        "post": seat.post,
        "holder": seat.holder,
        "since": seat.since,
        "votes": "有" if seat.votes else "无",
        "succession": SUCCESSIONS[seat.succession],
    }


def resolution_workbook(resolutions: Sequence[ResolutionSummary]) -> bytes:
    """One row for each resolution."""
    return write_rows(RESOLUTIONS, [_resolution(one) for one in resolutions])


def _resolution(one: ResolutionSummary) -> dict[str, Value]:
    plain: dict[str, Value] = {"number": one.number, "title": one.title, "resolved_on": one.resolved_on}
    counts = {"in_favour": one.in_favour, "against": one.against, "abstained": one.abstained}
    return {**plain, **counts, "body": one.body.name, "outcome": words.OUTCOMES[one.outcome]}
