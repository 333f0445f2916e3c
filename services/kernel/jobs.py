"""Background jobs on pgqueuer: queued in the transaction of the change, run by the worker, with progress for people.

Each service has its own queue in its own schema, so a job is enqueued by the service's own role and no schema is
shared. `job` rows tell people how far the work is; pgqueuer's rows decide who runs it.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from pgqueuer.adapters.persistence import qb
from pgqueuer.db import AsyncpgDriver
from pgqueuer.domain.settings import DBSettings
from pgqueuer.queries import Queries
from pgqueuer.types import Channel
from pydantic import TypeAdapter
from sqlalchemy import select, text, update

from services.kernel.clock import Clock
from services.kernel.database import AnySession, Database, WriteSession
from services.kernel.errors import HubError, InvalidInput, NotFound
from services.kernel.ids import new_id
from services.kernel.principal import Principal
from services.kernel.shared_tables import job as jobs
from services.kernel.tenancy import Scope

log = logging.getLogger(__name__)
PRINCIPAL = TypeAdapter(Principal)
ENTRYPOINT = "hub_job"
ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('hub job ' || CAST(:job AS text), 0))")


def queue_settings(service: str) -> DBSettings:
    """Names of one service's queue objects: in its schema, with a notification channel of its own."""
    return DBSettings(db_schema=service, channel=Channel(f"jobs_{service}"))


def queries_on(driver: Any, service: str) -> Queries:
    """pgqueuer's queries bound to one service's queue."""
    settings = queue_settings(service)
    return Queries(
        driver,
        qbe=qb.QueryBuilderEnvironment(settings),
        qbq=qb.QueryQueueBuilder(settings),
        qbs=qb.QuerySchedulerBuilder(settings),
    )


@dataclass(frozen=True)
class JobStatus:
    """How far a job is; `done` of `total` steps, `result` when it succeeded, `error` when it failed."""

    id: UUID
    kind: str
    state: str
    done: int
    total: int
    message: str
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    created_at: Any
    finished_at: Any


async def enqueue(
    session: WriteSession, clock: Clock, principal: Principal, service: str, kind: str, payload: dict[str, Any]
) -> UUID:
    """Queue a job in this transaction; it starts only when, and if, the transaction commits."""
    job_id = new_id()
    await session.execute(
        jobs.insert().values(
            alliance=principal.alliance,
            id=job_id,
            kind=kind,
            owner=principal.owner,
            payload=payload,
            principal=PRINCIPAL.dump_python(principal, mode="json"),
            created_at=clock.now(),
        )
    )
    await put_in_queue(session, service, ENTRYPOINT, [{"alliance": principal.alliance, "id": str(job_id)}])
    return job_id


async def put_in_queue(
    session: WriteSession, service: str, entrypoint: str, references: Sequence[Mapping[str, Any]]
) -> None:
    """Queue work in this transaction: one entry for each reference, which tells the worker what it is about."""
    connection = await (await session.connection()).get_raw_connection()
    payloads: list[bytes | None] = [json.dumps(reference).encode() for reference in references]
    entrypoints, priorities = [entrypoint] * len(payloads), [0] * len(payloads)
    await queries_on(AsyncpgDriver(connection.driver_connection), service).enqueue(entrypoints, payloads, priorities)


async def find_job(session: AnySession, scope: Scope, job_id: UUID, owner: str | None) -> JobStatus:
    """Read a job's progress; `owner` limits it to one submitter. Raises NotFound."""
    statement = select(jobs).where(jobs.c.alliance == scope.alliance, jobs.c.id == job_id)
    if owner is not None:
        statement = statement.where(jobs.c.owner == owner)
    row = (await session.execute(statement)).mappings().one_or_none()
    if row is None:
        raise NotFound("没有这项任务，或它不属于您的单位。", code="job_not_found")
    return JobStatus(**{name: row[name] for name in JobStatus.__dataclass_fields__})


@dataclass
class JobContext:
    """What a handler gets: its payload, for whom it works, and how to tell progress."""

    database: Database
    clock: Clock
    principal: Principal
    job_id: UUID
    payload: dict[str, Any]

    async def progress(self, done: int, total: int, message: str) -> None:
        """Tell how far the work is, in a transaction of its own so that people see it at once."""
        await self._set(done=done, total=total, message=message)

    async def _set(self, **values: Any) -> None:
        async with self.database.write(self.principal.alliance) as session:
            own = (jobs.c.alliance == self.principal.alliance, jobs.c.id == self.job_id)
            await session.execute(update(jobs).where(*own).values(**values))


JobHandler = Callable[[JobContext], Awaitable[dict[str, Any]]]


async def run_job(database: Database, clock: Clock, handlers: Mapping[str, JobHandler], reference: bytes) -> None:
    """Run one queued job to its end. A handler is idempotent: a job whose worker died is run again.

    The queue gives a job away again when its worker was not heard of for a while, though it may still be at work; the
    second one waits here and then finds the job ended. What is raised from here says that the job has not ended.
    """
    target = json.loads(reference)
    alliance, job_id = target["alliance"], UUID(target["id"])
    async with database.engine.begin() as alone:
        await alone.execute(text("SET LOCAL statement_timeout = 0"))
        await alone.execute(ONE_AT_A_TIME, {"job": str(job_id)})
        await _run(database, clock, handlers, alliance, job_id)


async def _run(
    database: Database, clock: Clock, handlers: Mapping[str, JobHandler], alliance: str, job_id: UUID
) -> None:
    async with database.read(alliance) as session:
        row = (
            (await session.execute(select(jobs).where(jobs.c.alliance == alliance, jobs.c.id == job_id)))
            .mappings()
            .one()
        )
    if row["state"] in ("succeeded", "failed"):
        return
    context = JobContext(database, clock, PRINCIPAL.validate_python(row["principal"]), job_id, row["payload"])
    await context._set(state="running")
    try:
        result = await handlers[row["kind"]](context)
    except HubError as error:
        await context._set(state="failed", error=_error_to_json(error), message=error.detail, finished_at=clock.now())
        log.info("job refused", extra={"job": str(job_id), "kind": row["kind"], "code": error.code})
    except Exception:
        message = "处理时系统内部出错，已记录。请把任务编号告诉管理员。"
        error_json = {"code": "internal", "detail": message}
        await context._set(state="failed", error=error_json, message=message, finished_at=clock.now())
        log.exception("job failed", extra={"job": str(job_id), "kind": row["kind"]})
    else:
        await context._set(state="succeeded", result=result, finished_at=clock.now())


def _error_to_json(error: HubError) -> dict[str, Any]:
    issues = [asdict(issue) for issue in error.issues] if isinstance(error, InvalidInput) else []
    return {"code": error.code, "detail": error.detail, "errors": issues}
