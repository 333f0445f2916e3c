"""The registry's background jobs, by kind; the worker runs them."""

from functools import partial

from services.kernel.jobs import JobHandler
from services.registry.commands.changing.carry_out import apply_change_set, undo_change_set
from services.registry.commands.changing.check import check_change_set
from services.registry.commands.changing.kinds import ADAPTERS
from services.registry.commands.changing.start import APPLY, CHECK, UNDO
from services.registry.commands.run_member_import import run_member_import
from services.registry.commands.start_member_import import JOB_KIND
from services.registry.settings import RegistrySettings


def handlers(settings: RegistrySettings) -> dict[str, JobHandler]:
    """What the worker does for each kind of job."""
    return {
        JOB_KIND: partial(run_member_import, files=settings.files()),
        CHECK: partial(check_change_set, adapters=ADAPTERS, files=settings.files()),
        APPLY: partial(apply_change_set, adapters=ADAPTERS),
        UNDO: partial(undo_change_set, adapters=ADAPTERS),
    }
