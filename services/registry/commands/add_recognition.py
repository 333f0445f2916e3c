"""Record that a collaboration or a member was recognised at a level."""

from datetime import date

from services.kernel.clock import Clock, business_date
from services.kernel.database import AnySession, WriteSession
from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.recognition_subjects import Subject, tell
from services.registry.domain.recognitions import lapse_day, overlaps
from services.registry.queries.recognitions import rule_of
from services.registry.schemas.recognitions import RecognitionCreate
from services.registry.tables import Collaboration, Recognition


async def add_recognition(
    session: WriteSession, clock: Clock, principal: Principal, subject: Subject, draft: RecognitionCreate
) -> Recognition:
    """Work out when it lapses, check against the day and what stands, insert, audit. Raises InvalidInput."""
    scope = Scope.of(principal)
    rule = await rule_of(session, scope, subject.kind)
    lapses_on = draft.lapses_on or (lapse_day(draft.granted_on, rule.lapses_after_years) if rule else None)
    issues = _issues(draft, subject, lapses_on, business_date(clock))
    if await _stands_already(session, scope, subject, draft, lapses_on):
        issues.append(FieldIssue("level", "level_stands", "该级别的认定在这段时间仍然有效，不能重复登记。"))
    if issues:
        raise InvalidInput(issues)
    grant = Recognition(
        alliance=principal.alliance,
        id=new_id(),
        collaboration=subject.of.id if isinstance(subject.of, Collaboration) else None,
        member=None if isinstance(subject.of, Collaboration) else subject.of.id,
        kind=None if isinstance(subject.of, Collaboration) else subject.kind,
        title=draft.title,
        level=draft.level,
        granted_on=draft.granted_on,
        document_number=draft.document_number,
        lapses_on=lapses_on,
        created_at=clock.now(),
    )
    session.add(grant)
    told = {"level": draft.level, "granted_on": draft.granted_on.isoformat()}
    told |= {"lapses_on": lapses_on.isoformat()} if lapses_on else {}
    await tell(session, clock, principal, subject, "recognition.add", "recognition.granted", grant.id, data=told)
    return grant


def _issues(draft: RecognitionCreate, subject: Subject, lapses_on: date | None, today: date) -> list[FieldIssue]:
    issues = []
    founded_on = subject.of.founded_on if isinstance(subject.of, Collaboration) else None
    if draft.granted_on > today:
        issues.append(FieldIssue("granted_on", "date_in_future", "认定日期晚于今天，请核对文件。"))
    if founded_on and draft.granted_on < founded_on:
        issues.append(FieldIssue("granted_on", "before_founding", "认定日期早于载体成立日期，请核对。"))
    if lapses_on and lapses_on <= draft.granted_on:
        issues.append(FieldIssue("lapses_on", "lapse_before_grant", "到期日应晚于认定日期，请核对。"))
    if not isinstance(subject.of, Collaboration) and subject.kind is None and draft.title is None:
        issues.append(FieldIssue("title", "title_missing", "请选择认定类别，或填写荣誉名称。"))
    return issues


async def _stands_already(
    session: AnySession, scope: Scope, subject: Subject, draft: RecognitionCreate, lapses_on: date | None
) -> bool:
    """Whether the same was granted for days that this grant would share; an honour of a member has its own name."""
    statement = scope.select(Recognition).where(Recognition.level == draft.level)
    if isinstance(subject.of, Collaboration):
        statement = statement.where(Recognition.collaboration == subject.of.id)
    else:
        same_kind = Recognition.kind.is_not_distinct_from(subject.kind)
        same_title = Recognition.title.is_not_distinct_from(draft.title)
        statement = statement.where(Recognition.member == subject.of.id, same_kind)
        statement = statement.where(same_title) if subject.kind is None else statement
    return overlaps(draft.granted_on, lapses_on, await session.scalars(statement))
