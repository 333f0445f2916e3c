"""The registry's background jobs, by kind; the worker runs them."""

from functools import partial

from services.kernel.jobs import JobHandler
from services.registry.commands.run_member_import import run_member_import
from services.registry.commands.start_member_import import JOB_KIND
from services.registry.settings import RegistrySettings


def handlers(settings: RegistrySettings) -> dict[str, JobHandler]:
    """What the worker does for each kind of job."""
    return {JOB_KIND: partial(run_member_import, files=settings.files())}
