"""Session dependencies. A write session commits at the edge, before the response: function scope."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request

from services.kernel.auth import CurrentPrincipal
from services.kernel.clock import Clock
from services.kernel.database import Database, ReadSession, WriteSession
from services.kernel.tenancy import Scope


def database_of(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


def clock_of(request: Request) -> Clock:
    clock: Clock = request.app.state.clock
    return clock


async def _read(
    database: Annotated[Database, Depends(database_of)], principal: CurrentPrincipal
) -> AsyncIterator[ReadSession]:
    async with database.read(principal.alliance) as session:
        yield session


async def _write(
    database: Annotated[Database, Depends(database_of)], principal: CurrentPrincipal
) -> AsyncIterator[WriteSession]:
    async with database.write(principal.alliance) as session:
        yield session


def _scope(principal: CurrentPrincipal) -> Scope:
    return Scope.of(principal)


Reading = Annotated[ReadSession, Depends(_read, scope="function")]
Writing = Annotated[WriteSession, Depends(_write, scope="function")]
CallerScope = Annotated[Scope, Depends(_scope)]
InjectedClock = Annotated[Clock, Depends(clock_of)]
