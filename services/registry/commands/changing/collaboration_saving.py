"""Collaborations of a change set entered, changed and removed, many at a time; the adapter tells of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import ARRAY, Uuid, any_, cast, delete

from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import InvalidInput
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.changing.adapter import Left, Saved
from services.registry.commands.changing.collaboration_cells import Cells, Members, Standing, wire_of
from services.registry.commands.collaboration_rows import begins_on, draft_issues, facts, holds_from
from services.registry.commands.collaboration_trail import Done
from services.registry.commands.create_collaboration import enter_all
from services.registry.commands.update_collaboration import Change, change_all
from services.registry.queries.collaborations import details_of
from services.registry.schemas.collaborations import CollaborationCreate, CollaborationUpdate, CollaborationWrite
from services.registry.tables import ChangeRow, Collaboration, Participant

CHANGED: Final = "预览之后情况有变（名称重复，或所填单位已不在册），没有写入。"
REPEATED: Final = "预览之后情况有变（已有同类同名的载体，或所填单位已不在册），没有写入。"
REFERRED: Final = "已有级别认定、投入等记录引用这个载体，保留。"


@dataclass(frozen=True)
class Loaded:
    """What applying and undoing need: what stands, as it is shown and as it is kept, and the members."""

    standing: Mapping[UUID, Standing]
    records: Mapping[UUID, Collaboration]
    members: Members


New = tuple[CollaborationCreate, date]
"""A collaboration to be entered, and from which day on."""


@dataclass
class Batch:
    """What rows come to, each by its line: entered, changed, removed, or left."""

    new: dict[int, New] = field(default_factory=dict)
    changes: dict[int, Change] = field(default_factory=dict)
    gone: dict[int, Collaboration] = field(default_factory=dict)
    left: dict[int, Left] = field(default_factory=dict)

    def enter(self, line: int, loaded: Loaded, cells: Cells, holds: date, clock: Clock) -> None:
        """A new collaboration from these cells."""
        try:
            wire = {**wire_of(cells, loaded.members, {}), "effective_on": holds}
            draft = CollaborationCreate.model_validate(wire)
            self.new[line] = (draft, begins_on(draft, clock))
        except (InvalidInput, ValidationError):
            self.left[line] = Left(REPEATED)

    def change(self, line: int, loaded: Loaded, standing: Standing, cells: Cells, holds: date, clock: Clock) -> None:
        """These cells of one that stands, and all else as it is."""
        record = loaded.records[standing.id]
        try:
            wire = {**wire_of(cells, loaded.members, standing.wire), "effective_on": holds}
            draft = CollaborationUpdate.model_validate(wire)
            self.changes[line] = (record, draft, holds_from(draft, record.status, clock))
        except (InvalidInput, ValidationError):
            self.left[line] = Left(CHANGED)


async def save(
    session: WriteSession, clock: Clock, principal: Principal, batch: Batch, rows: Sequence[ChangeRow]
) -> list[Saved]:
    """What became of each row. Raises IntegrityError when the database refuses one of them."""
    scope, day = Scope.of(principal), session.effective_day
    await _leave_faulty(session, scope, clock, batch)
    removed = await _remove(session, scope, [*batch.gone.values()])
    changed = await change_all(session, clock, scope, [*batch.changes.values()])
    entered = await enter_all(session, clock, principal.alliance, [*batch.new.values()])
    await session.effective_on(day)
    saved = {line: Saved(left) for line, left in batch.left.items()}
    for lines, done in ((batch.gone, removed), (batch.changes, changed), (batch.new, entered)):
        saved |= {line: Saved(one.collaboration.id, one) for line, one in zip(lines, done, strict=True)}
    return [saved[row.line] for row in rows]


async def _leave_faulty(session: WriteSession, scope: Scope, clock: Clock, batch: Batch) -> None:
    """What the preview found sound and is not any more: a name was taken, a member went."""
    drafts: dict[int, tuple[CollaborationWrite, UUID | None]] = {
        **{line: (draft, record.id) for line, (record, draft, _) in batch.changes.items()},
        **{line: (draft, None) for line, (draft, _) in batch.new.items()},
    }
    found = await draft_issues(session, scope, clock, [*drafts.values()])
    for line, issues in zip(drafts, found, strict=True):
        if issues:
            batch.left[line] = Left(CHANGED if batch.changes.pop(line, None) else REPEATED)
            batch.new.pop(line, None)


async def _remove(session: WriteSession, scope: Scope, found: list[Collaboration]) -> list[Done]:
    if not found:
        return []
    parts = (await details_of(session, scope, found)).parts
    done = [Done("remove", one, {*parts.get(one.id, {})}, before=facts(one, parts.get(one.id, {}))) for one in found]
    ids = any_(cast([one.id for one in found], ARRAY(Uuid)))
    own = (Participant.alliance == scope.alliance, Participant.collaboration == ids)
    await session.execute(delete(Participant).where(*own))
    gone = delete(Collaboration).where(Collaboration.alliance == scope.alliance, Collaboration.id == ids)
    await session.execute(gone, execution_options={"synchronize_session": False})
    for one in found:
        session.expunge(one)
    return done
