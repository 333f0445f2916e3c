"""整改, 整改完成, 暂停, 恢复, 退出: one step of a member's life."""

from uuid import UUID

from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict, FieldIssue
from services.kernel.etags import check_version
from services.kernel.history import effective_day
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.citing import citation_issues
from services.registry.commands.faults import told_with
from services.registry.commands.member_steps import move_member
from services.registry.domain.life_cycle import MemberStep
from services.registry.queries.members import find_member
from services.registry.schemas.life_cycle import ExitImpact, MemberExit, PlainMemberStep, Rectification
from services.registry.tables import Member


async def step_member(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    member_id: UUID,
    step: MemberStep,
    draft: Rectification | PlainMemberStep,
    if_match: str,
) -> Member:
    """Load, check version and days, change the status. Raises NotFound, StaleVersion, InvalidInput, Conflict."""
    scope = Scope.of(principal)
    member = await find_member(session, scope, member_id)
    check_version(if_match, member.row_version)
    issues = await citation_issues(session, scope, draft.resolution, draft.resolution_number)
    with told_with(issues):
        day = effective_day(draft.effective_on, clock)
    if isinstance(draft, Rectification) and draft.deadline < day:
        issues.append(FieldIssue("deadline", "deadline_passed", "整改期限早于生效日期，请核对。"))
    told = draft.model_dump(exclude={"effective_on"})
    await move_member(session, clock, principal, member, step, day, issues, **told)
    return member


async def exit_member(
    session: WriteSession,
    clock: Clock,
    principal: Principal,
    member_id: UUID,
    draft: MemberExit,
    impact: ExitImpact,
    if_match: str,
) -> Member:
    """Load, check that the caller saw what the exit touches, change the status; what is touched stays as it is.

    Raises NotFound, StaleVersion, InvalidInput, Conflict.
    """
    scope = Scope.of(principal)
    member = await find_member(session, scope, member_id)
    check_version(if_match, member.row_version)
    if draft.impact != impact.version:
        words = "退出所影响的事项在您打开页面后有变化，请重新核对后再确认。"
        raise Conflict(words, code="impact_changed")
    if impact.claims is None and not draft.without_claims:
        words = "奖补服务没有响应，不知道该单位有没有在办的申报；请稍后再办，或勾选“不等核对申报”后继续。"
        raise Conflict(words, code="claims_unknown")
    issues = await citation_issues(session, scope, draft.resolution, draft.resolution_number)
    with told_with(issues):
        day = effective_day(draft.effective_on, clock)
    told = draft.model_dump(exclude={"effective_on", "impact", "without_claims"})
    await move_member(session, clock, principal, member, MemberStep.EXIT, day, issues, **told)
    return member
