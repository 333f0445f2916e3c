"""`GET /jobs/{id}`: the same in every service that has background work."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from services.kernel.auth import CurrentPrincipal
from services.kernel.jobs import JobStatus, find_job
from services.kernel.permissions import Party
from services.kernel.sessions import CallerScope, Reading


class JobRead(BaseModel):
    """How far a background job is."""

    id: UUID
    kind: str
    state: str
    done: int
    total: int
    message: str
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    created_at: datetime
    finished_at: datetime | None


def job_router() -> APIRouter:
    """A fresh router with the one route."""
    router = APIRouter(tags=["jobs"])

    @router.get("/jobs/{job_id}", summary="查询后台任务的进度", response_model=JobRead)
    async def read_job(job_id: UUID, session: Reading, scope: CallerScope, principal: CurrentPrincipal) -> JobStatus:
        owner = None if principal.party is Party.SECRETARIAT else principal.owner
        return await find_job(session, scope, job_id, owner)

    return router
