"""Forget what applications that came to nothing hold of people: the papers their applicants sent, and the contact."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.kernel.audit import audit
from services.kernel.clock import Clock
from services.kernel.database import Database, WriteSession
from services.kernel.permissions import Role
from services.kernel.principal import Principal
from services.kernel.storage import Storage
from services.registry.commands.application_rows import KIND
from services.registry.commands.remove_paper import delete_paper
from services.registry.commands.sweep_attachments import discard
from services.registry.queries.application_papers import every_paper_of, forgettable
from services.registry.tables import MembershipApplication

BATCH: Final = 100
EXPIRED: Final = "超过保存期限"
FORGET_HISTORY: Final = text("SELECT forget_contact_history(:application)")


async def forget_applications(database: Database, storage: Storage, clock: Clock, alliance: str, keep_days: int) -> int:
    """Go through those whose last step or paper is older than that; returns how many were emptied."""
    before = clock.now() - timedelta(days=keep_days)
    done = 0
    while True:
        files: list[UUID] = []
        async with database.write(alliance) as session:
            found = await forgettable(session, alliance, before, BATCH)
            for application in found:
                files += await _forget(session, clock, application)
        await discard(storage, alliance, files)
        done += len(found)
        if len(found) < BATCH:
            return done


async def _forget(session: WriteSession, clock: Clock, application: MembershipApplication) -> list[UUID]:
    """Empty one application, here and in its history; returns which files of the store are left without a record."""
    keeper = Principal("registry", "登记服务", Role.SERVICE, application.alliance, frozenset())
    papers = await every_paper_of(session, application.alliance, application.id)
    for paper in papers:
        await delete_paper(session, clock, keeper, paper, EXPIRED)
    application.contact_person = application.contact_phone = ""
    await session.flush()
    await session.execute(FORGET_HISTORY, {"application": application.id})
    told = {"contact": True, "papers": len(papers)}
    await audit(session, clock, keeper, f"{KIND}.forget", KIND, application.id, after=told, reason=EXPIRED)
    return [paper.stored for paper in papers]
