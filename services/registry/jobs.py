"""The registry's background jobs, by kind; the worker runs them."""

from functools import partial

from services.kernel.clock import Clock
from services.kernel.jobs import JobHandler
from services.kernel.service_calls import ServiceToken
from services.registry.clients.others import Neighbours
from services.registry.commands.changing.carry_out import apply_change_set, undo_change_set
from services.registry.commands.changing.check import check_change_set
from services.registry.commands.changing.kinds import ADAPTERS
from services.registry.commands.changing.start import APPLY, CHECK, UNDO
from services.registry.housekeeping import Housekeeping
from services.registry.settings import RegistrySettings


def housekeeping(settings: RegistrySettings, clock: Clock) -> Housekeeping:
    """What the worker does each hour, for the alliances that identity tells and the store of the settings."""
    neighbours = Neighbours(settings.hub, ServiceToken("registry", settings, clock), clock)
    return Housekeeping(neighbours.alliances, settings.attachments(), settings.application_keep_days)


def handlers(settings: RegistrySettings) -> dict[str, JobHandler]:
    """What the worker does for each kind of job."""
    return {
        CHECK: partial(check_change_set, adapters=ADAPTERS, files=settings.files()),
        APPLY: partial(apply_change_set, adapters=ADAPTERS),
        UNDO: partial(undo_change_set, adapters=ADAPTERS),
    }
