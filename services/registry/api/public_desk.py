"""What the public routes work with: there is no token, so the alliance comes from the request and is looked up."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from services.kernel.clock import Clock
from services.kernel.database import Database
from services.kernel.errors import NotFound
from services.registry.clients.others import Neighbours
from services.registry.domain.application_papers import PaperLimits
from services.registry.receipts import FormTokens
from services.registry.settings import RegistrySettings


@dataclass(frozen=True)
class PublicDesk:
    """The desk at which strangers apply."""

    database: Database
    clock: Clock
    forms: FormTokens
    settings: RegistrySettings
    neighbours: Neighbours

    @property
    def paper_limits(self) -> PaperLimits:
        """What of an applicant's papers is taken."""
        told = self.settings
        return PaperLimits(
            told.application_papers, told.application_paper_limit_bytes, told.application_papers_limit_bytes
        )

    async def alliances(self) -> dict[str, str]:
        """The names of the alliances that take applications, by code. Raises Unavailable."""
        return await self.neighbours.alliances()

    async def alliance(self, code: str) -> str:
        """The name of one of them. Raises NotFound, Unavailable."""
        name = (await self.alliances()).get(code)
        if name is None:
            raise NotFound("没有这个联盟，请从列表中选择。", code="alliance_unknown")
        return name


def _desk(request: Request) -> PublicDesk:
    state = request.app.state
    return PublicDesk(state.database, state.clock, state.forms, state.settings, state.neighbours)


Desk = Annotated[PublicDesk, Depends(_desk)]
