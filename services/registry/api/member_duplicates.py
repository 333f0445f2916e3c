"""`/member-duplicates`: who may be on record already, pairs that may be one, and those that are two all the same."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.kernel.idempotency import IdempotentCreate
from services.kernel.identifiers import tidy_code
from services.kernel.pagination import Page
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.registry.api.members import summary
from services.registry.api.parameters import Paging
from services.registry.auth import RegistryWrite
from services.registry.commands.dismiss_duplicate import dismiss_duplicate
from services.registry.domain.duplicates import page_of, same_codes
from services.registry.queries.duplicates import all_pairs, candidates, members_of
from services.registry.schemas.duplicates import Candidate, Candidates, Dismissal, DismissalRead, DuplicatePair
from services.registry.settings import RegistrySettings

router = APIRouter(prefix="/member-duplicates", tags=["members"])
Code = Annotated[str | None, Query(max_length=40)]


def likeness_of(request: Request) -> float:
    """From which likeness on two names may be one, as the deployment sets it."""
    settings: RegistrySettings = request.app.state.settings
    return settings.duplicate_likeness


Likeness = Annotated[float, Depends(likeness_of)]


@router.get("/candidates", summary="查找可能已登记的单位（录入时提示）")
async def list_candidates(
    session: Reading,
    scope: CallerScope,
    _caller: RegistryWrite,
    likeness: Likeness,
    name: Annotated[str | None, Query(max_length=100)] = None,
    alias: Annotated[list[str] | None, Query(max_length=20, description="简称、曾用名")] = None,
    uscc: Code = None,
    school_code: Code = None,
    own: Annotated[UUID | None, Query(description="正在修改的单位，不与自己比较")] = None,
) -> Candidates:
    names = [given for given in (name, *(alias or ())) if given and given.strip()]
    codes = {"uscc": tidy_code(uscc or "") or None, "school_code": tidy_code(school_code or "") or None}
    found = await candidates(session, scope, likeness, names=names, own=own, **codes)
    items = [
        Candidate(
            member=summary(member),
            likeness=round(score, 4),
            same_codes=[code for code, value in codes.items() if value and getattr(member, code) == value],
        )
        for member, score in found
    ]
    return Candidates(items=items)


@router.get("", summary="查询疑似重复的单位")
async def list_pairs(
    session: Reading,
    scope: CallerScope,
    _caller: RegistryWrite,
    likeness: Likeness,
    page: Paging,
    at_least: Annotated[float | None, Query(ge=0.5, le=1, description="只要相似度不低于此的，默认为系统设置")] = None,
) -> Page[DuplicatePair]:
    pairs = await all_pairs(session, scope, likeness if at_least is None else at_least)
    shown, cursor = page_of(pairs, page.cursor, page.limit)
    members = await members_of(session, scope, shown)
    items = [
        DuplicatePair(
            one=summary(members[pair.one]),
            other=summary(members[pair.other]),
            likeness=round(pair.likeness, 4),
            same_codes=same_codes(members[pair.one], members[pair.other]),
        )
        for pair in shown
    ]
    return Page(items=items, next_cursor=cursor, total=len(pairs))


@router.post("/dismissals", status_code=201, response_model=DismissalRead, summary="登记不是同一家")
async def dismiss(
    session: Writing, clock: InjectedClock, principal: RegistryWrite, once: IdempotentCreate, draft: Dismissal
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    made = await dismiss_duplicate(session, clock, principal, draft)
    return await once.answer(DismissalRead.model_validate(made))
