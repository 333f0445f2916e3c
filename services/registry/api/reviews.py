"""`…/reviews`: the assessments of each year of a collaboration, and of a plate that a member holds."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from services.kernel.clock import Clock, business_date
from services.kernel.database import AnySession, WriteSession
from services.kernel.etags import etag_of, set_etag
from services.kernel.idempotency import IdempotentCreate
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.kernel.tenancy import Scope
from services.registry.api.collaboration_views import review_read
from services.registry.api.parameters import AsOfToday, Correction, Seen
from services.registry.auth import RegistryDecide, RegistryRead, RegistryWrite
from services.registry.commands.add_review import add_review
from services.registry.commands.decide_review import decide_review
from services.registry.commands.remove_review import remove_review
from services.registry.commands.review_subjects import Reviewed, reviewed_collaboration, reviewed_plate
from services.registry.domain.recognitions import due_years
from services.registry.queries.collaborations import details_of, find_collaboration
from services.registry.queries.recognitions import find_recognition, reviews_of, rule_of
from services.registry.schemas.recognitions import DecisionCreate, ReviewCreate, ReviewRead, Reviews
from services.registry.tables import Recognition

router = APIRouter(tags=["recognitions"])


@dataclass(frozen=True)
class Standing:
    """What is reviewed, as it stood on a day: its recognitions, and the kind whose rule says when reviews are due."""

    grants: list[Recognition]
    kind: str | None


@dataclass(frozen=True)
class Place:
    """Where reviews hang: what their routes are called and tell, and how what is reviewed is found."""

    resource: str
    thing: str
    name: str
    summaries: tuple[str, str, str, str]
    standing: Callable[[AnySession, Scope, UUID, date | None], Awaitable[Standing]]
    reviewed: Callable[[WriteSession, Scope, UUID], Awaitable[Reviewed]]


async def standing_collaboration(session: AnySession, scope: Scope, thing: UUID, as_of: date | None) -> Standing:
    """A collaboration's. Raises NotFound."""
    found = await find_collaboration(session, scope, thing, as_of)
    details = await details_of(session, scope, [found], as_of)
    return Standing(details.recognitions.get(thing, []), found.kind)


async def standing_plate(session: AnySession, scope: Scope, thing: UUID, as_of: date | None) -> Standing:
    """A plate's. Raises NotFound."""
    grant = await find_recognition(session, scope, thing, as_of)
    return Standing([grant], grant.kind)


PLACES = (
    Place(
        "collaborations",
        "collaboration",
        "collaboration",
        ("查看年度考核", "登记年度考核", "处理不合格的考核", "更正：删去登错的考核"),
        standing_collaboration,
        reviewed_collaboration,
    ),
    Place(
        "recognitions",
        "recognition",
        "plate",
        (
            "查看成员单位奖牌的年度考核",
            "登记成员单位奖牌的年度考核",
            "处理奖牌不合格的考核",
            "更正：删去奖牌登错的考核",
        ),
        standing_plate,
        reviewed_plate,
    ),
)


async def read_reviews(
    session: AnySession, scope: Scope, clock: Clock, subject: UUID, standing: Standing, as_of: date | None
) -> Reviews:
    """The reviews until a day, and the years that lack one."""
    day = as_of or business_date(clock)
    found = await reviews_of(session, scope, {subject}, day)
    rule = await rule_of(session, scope, standing.kind, as_of)
    reviewed = {review.year for review in found}
    every = rule.review_every_years if rule else None
    due = {year for grant in standing.grants for year in due_years(grant, every, reviewed, day)} if every else set()
    return Reviews(items=[review_read(review, day) for review in found], due_years=sorted(due))


def add_reviews(place: Place) -> None:
    """The routes of one place."""
    thing_id = Annotated[UUID, Path(alias=f"{place.thing}_id")]
    path = f"/{place.resource}/{{{place.thing}_id}}/reviews"
    seeing, adding, deciding, removing = place.summaries

    @router.get(path, name=f"list_of_{place.name}", summary=seeing)
    async def list_(
        thing: thing_id,
        session: Reading,
        scope: CallerScope,
        clock: InjectedClock,
        _caller: RegistryRead,
        as_of: AsOfToday = None,
    ) -> Reviews:
        standing = await place.standing(session, scope, thing, as_of)
        return await read_reviews(session, scope, clock, thing, standing, as_of)

    @router.post(path, name=f"add_to_{place.name}", status_code=201, response_model=ReviewRead, summary=adding)
    async def add(
        thing: thing_id,
        session: Writing,
        clock: InjectedClock,
        principal: RegistryWrite,
        scope: CallerScope,
        once: IdempotentCreate,
        draft: ReviewCreate,
    ) -> Response:
        replayed = await once.replay()
        if replayed is not None:
            return replayed
        review = await add_review(session, clock, principal, await place.reviewed(session, scope, thing), draft)
        location = f"/api/registry/v1/{place.resource}/{thing}/reviews"
        headers = {"Location": location, "ETag": etag_of(review.row_version)}
        return await once.answer(review_read(review, business_date(clock)), headers=headers)

    @router.post(f"{path}/{{review_id}}/decision", name=f"decide_of_{place.name}", summary=deciding)
    async def decide(
        thing: thing_id,
        review_id: UUID,
        session: Writing,
        clock: InjectedClock,
        principal: RegistryDecide,
        scope: CallerScope,
        draft: DecisionCreate,
        seen: Seen,
        response: Response,
    ) -> ReviewRead:
        reviewed = await place.reviewed(session, scope, thing)
        review = await decide_review(session, clock, principal, reviewed, review_id, draft, seen)
        set_etag(response, review.row_version)
        return review_read(review, business_date(clock))

    @router.delete(f"{path}/{{review_id}}", name=f"remove_of_{place.name}", status_code=204, summary=removing)
    async def remove(
        thing: thing_id,
        review_id: UUID,
        session: Writing,
        clock: InjectedClock,
        principal: RegistryWrite,
        scope: CallerScope,
        reason: Correction,
        seen: Seen,
    ) -> None:
        reviewed = await place.reviewed(session, scope, thing)
        await remove_review(session, clock, principal, reviewed, review_id, reason, seen)


for one in PLACES:
    add_reviews(one)
