"""Emptying what a unit sent to its practice alliance (docs/design.md, 11).

A service's login may not delete history. What is deleted here is deleted by a function of the schema's owner, which
refuses every alliance that is not a practice alliance: real data cannot be touched, whatever a caller asks for.
"""

from collections.abc import Sequence
from types import ModuleType
from typing import Annotated

from alembic.operations import Operations
from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import text

from services.kernel.alliances import PRACTICE_SUFFIX, is_practice
from services.kernel.audit import audit
from services.kernel.auth import requires
from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict
from services.kernel.permissions import Permission
from services.kernel.principal import Principal
from services.kernel.sessions import InjectedClock, Writing

PracticeCaller = Annotated[Principal, requires(Permission.PRACTICE_RESET)]
RESET = text("SELECT practice_reset(:owner)")


class PracticeResetRead(BaseModel):
    """How many rows of each table were removed."""

    removed: dict[str, int]


def refuse_outside_practice(principal: Principal) -> None:
    """Raise Conflict unless the caller works in a practice alliance."""
    if not is_practice(principal.alliance):
        raise Conflict(
            "只有练习环境的数据可以清空；请先切换到练习环境，正式数据没有改动。", code="not_a_practice_alliance"
        )


async def reset_practice(session: WriteSession, clock: Clock, principal: Principal) -> dict[str, int]:
    """Remove what the caller's unit sent. Returns counts by table. Raises Conflict outside a practice alliance."""
    refuse_outside_practice(principal)
    removed: dict[str, int] = (await session.execute(RESET, {"owner": principal.owner})).scalar_one()
    await audit(session, clock, principal, "practice.reset", "owner", principal.owner, after=removed)
    return removed


def practice_router() -> APIRouter:
    """A fresh router with `POST /practice/reset`, for a service whose schema has the function."""
    router = APIRouter(tags=["practice"])

    @router.post("/practice/reset", summary="清空本单位在练习环境中报送的数据")
    async def reset(session: Writing, principal: PracticeCaller, clock: InjectedClock) -> PracticeResetRead:
        return PracticeResetRead(removed=await reset_practice(session, clock, principal))

    return router


def create_practice_reset(op: Operations | ModuleType, service: str, deletes: Sequence[tuple[str, str]]) -> None:
    """Make the schema's `practice_reset(owner)`.

    `deletes` lists table and condition in the order of deletion; a condition sees `wanted_alliance` and `wanted_owner`.
    """
    steps = "\n".join(_delete(service, table, condition) for table, condition in deletes)
    op.execute(
        f"""CREATE OR REPLACE FUNCTION {service}.practice_reset(wanted_owner text) RETURNS jsonb
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = {service}, pg_catalog AS $body$
        DECLARE
            wanted_alliance text := current_setting('hub.alliance', true);
            counted bigint;
            removed jsonb := '{{}}';
        BEGIN
            IF wanted_alliance IS NULL OR wanted_alliance NOT LIKE '%{PRACTICE_SUFFIX}' THEN
                RAISE EXCEPTION 'only a practice alliance can be emptied' USING ERRCODE = 'insufficient_privilege';
            END IF;
            {steps}
            RETURN removed;
        END $body$"""
    )
    op.execute(f"REVOKE ALL ON FUNCTION {service}.practice_reset(text) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {service}.practice_reset(text) TO hub_{service}")


def _delete(service: str, table: str, condition: str) -> str:
    return f"""DELETE FROM {service}.{table} WHERE alliance = wanted_alliance AND ({condition});
            GET DIAGNOSTICS counted = ROW_COUNT;
            removed := removed || jsonb_build_object('{table}', counted);"""  # noqa: S608  # names of tables in a migration
