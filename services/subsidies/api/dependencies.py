"""What the routes of this service share: tools, the names of owners, uploads."""

from typing import Annotated

from fastapi import Depends, Request

from services.kernel.auth import CurrentPrincipal
from services.kernel.database import Database
from services.kernel.sessions import Reading, database_of
from services.subsidies.clients.registry import RegistryFacts
from services.subsidies.queries.names import Names
from services.subsidies.tools import Tools


def tools_of(request: Request) -> Tools:
    tools: Tools = request.app.state.tools
    return tools


WithTools = Annotated[Tools, Depends(tools_of)]


async def _names(session: Reading, tools: WithTools, principal: CurrentPrincipal) -> Names:
    return Names(await tools.registry.kept(session, principal.alliance))


WithNames = Annotated[Names, Depends(_names)]


async def _registry(
    tools: WithTools, database: Annotated[Database, Depends(database_of)], principal: CurrentPrincipal
) -> RegistryFacts:
    return (await tools.registry.latest(database, principal.alliance)).facts


WithRegistry = Annotated[RegistryFacts, Depends(_registry)]
