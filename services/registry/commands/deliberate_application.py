"""审议: record what the council decided of an application."""

from typing import Final
from uuid import UUID

from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.etags import check_version
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.application_rows import deciding_day, take_step
from services.registry.domain.life_cycle import ApplicationStep
from services.registry.queries.applications import find_application
from services.registry.schemas.life_cycle import Deliberation
from services.registry.tables import MembershipApplication

STEPS: Final = {"approved": ApplicationStep.APPROVE, "disapproved": ApplicationStep.DISAPPROVE}


async def deliberate_application(
    session: WriteSession, clock: Clock, principal: Principal, application_id: UUID, draft: Deliberation, if_match: str
) -> MembershipApplication:
    """Load, check, move on. Raises NotFound, StaleVersion, InvalidInput, Conflict."""
    scope = Scope.of(principal)
    application = await find_application(session, scope, application_id, lock=True)
    check_version(if_match, application.row_version)
    day = await deciding_day(session, clock, scope, application, draft)
    step = STEPS[draft.outcome]
    told = draft.model_dump(include={"opinion", "document", "resolution", "resolution_number"})
    await take_step(session, clock, principal, application, step, day, **told)
    return application
