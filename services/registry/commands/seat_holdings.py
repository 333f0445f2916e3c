"""What changes of a seat's holder share: the holding that stands on a day, and what comes after it."""

from datetime import date

from sqlalchemy.orm.attributes import flag_modified

from services.kernel.clock import Clock
from services.kernel.errors import FieldIssue
from services.registry.tables import Seat, SeatHolding


def standing_on(holdings: list[SeatHolding], day: date) -> SeatHolding | None:
    """The holding that covers the day."""
    covering = (one for one in holdings if one.from_date <= day and (one.until_date is None or one.until_date > day))
    return next(covering, None)


def order_issues(field: str, day: date, seat: Seat, holdings: list[SeatHolding]) -> list[FieldIssue]:
    """A day that lies before what is already on record of the seat, so that history is only ever continued."""
    if seat.established_on is not None and day < seat.established_on:
        return [FieldIssue(field, "before_seat", "日期早于席位设立日期，请核对。")]
    if seat.abolished_on is not None and day >= seat.abolished_on:
        return [FieldIssue(field, "after_seat", "席位在这一天已经撤销，请核对。")]
    if any(one.from_date >= day for one in holdings):
        return [FieldIssue(field, "later_holder", "这一天或之后已有任职登记，请选择更晚的日期。")]
    return []


def touch(seat: Seat, clock: Clock) -> None:
    """Count a change of the holder as a change of the seat, so that its ETag moves on."""
    seat.updated_at = clock.now()
    flag_modified(seat, "updated_at")  # also when the clock stood still
