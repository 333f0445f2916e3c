"""初审: pass an application on, return it to be completed, or decline it."""

from typing import Final
from uuid import UUID

from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import FieldIssue, InvalidInput
from services.kernel.etags import check_version
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.application_rows import step_day, take_step
from services.registry.domain.life_cycle import ApplicationStep
from services.registry.queries.applications import find_application
from services.registry.schemas.life_cycle import FirstReview
from services.registry.tables import MembershipApplication

STEPS: Final = {
    "endorsed": ApplicationStep.ENDORSE,
    "returned": ApplicationStep.RETURN,
    "declined": ApplicationStep.DECLINE,
}


async def review_application(
    session: WriteSession, clock: Clock, principal: Principal, application_id: UUID, draft: FirstReview, if_match: str
) -> MembershipApplication:
    """Load, check, move on. Raises NotFound, StaleVersion, InvalidInput, Conflict."""
    application = await find_application(session, Scope.of(principal), application_id, lock=True)
    check_version(if_match, application.row_version)
    if draft.outcome != "endorsed" and not draft.opinion:
        words = "退回或不予受理时请写明意见，申请单位凭它补正。"
        raise InvalidInput([FieldIssue("opinion", "opinion_missing", words)])
    day = await step_day(session, clock, application, draft.on_date)
    step = STEPS[draft.outcome]
    told = draft.model_dump(include={"opinion", "document"})
    await take_step(session, clock, principal, application, step, day, **told)
    return application
