"""What the commands on resolutions share: fields, derived columns, the agenda item they stand on."""

from datetime import date
from typing import Final

from services.kernel.database import AnySession
from services.kernel.errors import FieldIssue
from services.kernel.pinyin import search_text
from services.kernel.tenancy import Scope
from services.registry.queries.meetings import agenda_of, number_of
from services.registry.schemas.meetings import ResolutionWrite
from services.registry.tables import Meeting, Resolution

PLAIN_FIELDS: Final = ("agenda_item", "title", "content")
FACTS: Final = (
    "title",
    "agenda_item",
    "outcome",
    "method",
    "in_favour",
    "against",
    "abstained",
    "seats_total",
    "seats_present",
    "year",
    "number",
)


async def draft_issues(session: AnySession, scope: Scope, meeting: Meeting, draft: ResolutionWrite) -> list[FieldIssue]:
    """An agenda item that is not the meeting's own."""
    items = {item.id for item in await agenda_of(session, scope, meeting.id)}
    unknown = draft.agenda_item is not None and draft.agenda_item not in items
    return [FieldIssue("agenda_item", "agenda_unknown", "本次会议没有这个议题，请重新选择。")] if unknown else []


def derive(resolution: Resolution, day: date) -> None:
    """Set the columns by which resolutions are sorted and found."""
    number = number_of(resolution)
    resolution.sort_key = f"{day.isoformat()}{resolution.number or 0:05d}"
    resolution.search_text = search_text(resolution.title) + f"\n{number or ''}"
