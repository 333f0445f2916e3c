"""An application as the unit that made it sees it, with the receipt."""

from typing import Final

from services.kernel.database import AnySession
from services.registry.api.public_desk import PublicDesk
from services.registry.domain.application_papers import papers_open
from services.registry.domain.file_types import SCANS
from services.registry.domain.life_cycle import ApplicationStep, steps_open_to
from services.registry.queries.application_papers import papers_of
from services.registry.queries.applications import events_of
from services.registry.schemas.public_applications import (
    ApplicantStep,
    ApplicantView,
    Paper,
    PaperDesk,
    ShownFields,
)
from services.registry.tables import ApplicationEvent, MembershipApplication

NO_STORE: Final = {"Cache-Control": "no-store"}
OF_THE_OFFICE: Final = {ApplicationStep.OBJECT, ApplicationStep.ANSWER}
"""What strangers said of an applicant is the secretariat's to tell."""
OF_THE_APPLICANT: Final = {ApplicationStep.SUBMIT, ApplicationStep.COMPLETE, ApplicationStep.WITHDRAW}


async def view(session: AnySession, desk: PublicDesk, application: MembershipApplication) -> ApplicantView:
    """What its holder is shown of an application, with its steps and papers."""
    events = await events_of(session, application.alliance, application.id)
    allowed = steps_open_to(application.state)
    told = ("number", "state", "submitted_on", "published_on", "publicity_ends_on", "publicity_estimated")
    return ApplicantView(
        **{name: getattr(application, name) for name in told},
        fields=ShownFields(**{name: getattr(application, name) for name in ShownFields.model_fields}),
        papers=await _papers(session, desk, application),
        steps=[_step(event) for event in events if event.step not in OF_THE_OFFICE],
        may_complete=ApplicationStep.COMPLETE in allowed,
        may_withdraw=ApplicationStep.WITHDRAW in allowed,
    )


async def _papers(session: AnySession, desk: PublicDesk, application: MembershipApplication) -> PaperDesk:
    limits = desk.paper_limits
    standing = await papers_of(session, application.alliance, application.id)
    token = None
    if papers_open(application.state, limits):
        token = desk.forms.issue_for_papers(application.alliance, application.id)
    return PaperDesk(
        items=[Paper.model_validate(paper) for paper in standing],
        token=token,
        limit_files=limits.files,
        limit_bytes=limits.each,
        limit_bytes_together=limits.together,
        endings=[ending for kind in SCANS.types for ending in kind.endings],
    )


def _step(event: ApplicationEvent) -> ApplicantStep:
    return ApplicantStep(
        step=event.step,
        on_date=event.on_date,
        by_applicant=event.step in OF_THE_APPLICANT,
        opinion=event.opinion,
        document=event.document,
    )
