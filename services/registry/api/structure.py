"""`/structure`: the whole structure as of a day, as a picture, and adopting it from an applied policy document."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from services.kernel.idempotency import IdempotentCreate
from services.kernel.sessions import CallerScope, InjectedClock, Reading, Writing
from services.registry.api.parameters import AsOf
from services.registry.auth import RegistryRead, RegistryWrite
from services.registry.commands.adopt_structure import adopt_structure, preview_adoption
from services.registry.domain.structure_picture import draw
from services.registry.picturing import picture_of
from services.registry.queries.governance import Moment
from services.registry.queries.structure import read_structure
from services.registry.schemas.structure import AdoptionReport, StructureAdoption, StructureRead

router = APIRouter(prefix="/structure", tags=["governance"])
SVG_RESPONSE: dict[int | str, dict[str, Any]] = {
    200: {"description": "架构图", "content": {"image/svg+xml": {"schema": {"type": "string"}}}}
}


@router.get("", summary="全部组织架构：模式、牵头、成员、机构和席位、合作载体")
async def get(
    session: Reading, scope: CallerScope, clock: InjectedClock, _caller: RegistryRead, as_of: AsOf = None
) -> StructureRead:
    return await read_structure(session, scope, Moment.of(as_of, clock))


@router.get("/picture.svg", summary="组织架构图（SVG）", response_class=Response, responses=SVG_RESPONSE)
async def picture(
    session: Reading, scope: CallerScope, clock: InjectedClock, _caller: RegistryRead, as_of: AsOf = None
) -> Response:
    structure = await read_structure(session, scope, Moment.of(as_of, clock))
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'"}
    return Response(draw(picture_of(structure)), media_type="image/svg+xml", headers=headers)


@router.get("/adoption", summary="预览：按政策文件建立架构会新增什么")
async def preview(
    session: Reading,
    clock: InjectedClock,
    principal: RegistryWrite,
    pack: Annotated[str, Query(min_length=1, max_length=60, description="已启用的政策文件")],
) -> AdoptionReport:
    return await preview_adoption(session, clock, principal, StructureAdoption(pack=pack))


@router.post("/adoption", response_model=AdoptionReport, summary="按政策文件建立架构（只补缺，不改已有）")
async def adopt(
    session: Writing,
    clock: InjectedClock,
    principal: RegistryWrite,
    once: IdempotentCreate,
    draft: StructureAdoption,
) -> Response:
    replayed = await once.replay()
    if replayed is not None:
        return replayed
    return await once.answer(await adopt_structure(session, clock, principal, draft), 200)
