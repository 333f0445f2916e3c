"""Record the leading industries that an applied policy pack names and that are missing."""

from services.kernel.clock import Clock
from services.kernel.database import WriteSession
from services.kernel.errors import Conflict
from services.kernel.principal import Principal
from services.kernel.tenancy import Scope
from services.registry.commands.create_industry import create_industry
from services.registry.queries.industries import all_industries, named_by
from services.registry.schemas.coverage import AdoptionRead, IndustryWrite


async def adopt_industries(session: WriteSession, clock: Clock, principal: Principal, pack: str) -> AdoptionRead:
    """Create what is missing by name, in the pack's order. Raises NotFound, Conflict when it names none."""
    scope = Scope.of(principal)
    named = await named_by(session, scope, pack)
    if not named:
        raise Conflict("这份政策文件没有列出主导产业，请逐个登记。", code="no_industries_named")
    known = {industry.name for industry in await all_industries(session, scope)}
    created = []
    for place, entry in enumerate(named, start=1):
        if entry["name"] not in known:
            draft = IndustryWrite(name=entry["name"], position=place, pack=pack, article=entry["article"])
            await create_industry(session, clock, principal, draft)
            created.append(draft.name)
    return AdoptionRead(pack=pack, named=len(named), created=created)
