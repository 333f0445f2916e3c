"""The background jobs of this service, by kind."""

from collections.abc import Mapping
from functools import partial

from services.kernel.clock import SystemClock
from services.kernel.jobs import JobHandler
from services.subsidies.commands.compute_settlement import compute_settlement
from services.subsidies.commands.start_roster_import import JOB_KIND as IMPORT_ROSTER
from services.subsidies.commands.start_settlement import JOB_KIND as SETTLE
from services.subsidies.commands.take_in_roster import take_in_roster
from services.subsidies.settings import SubsidiesSettings
from services.subsidies.tools import Tools, make_tools


def handlers_with(tools: Tools) -> dict[str, JobHandler]:
    """The handlers on given tools."""
    return {
        IMPORT_ROSTER: partial(take_in_roster, tools=tools),
        SETTLE: partial(compute_settlement, tools=tools),
    }


def handlers(settings: SubsidiesSettings) -> Mapping[str, JobHandler]:
    """The handlers as the worker runs them."""
    return handlers_with(make_tools(settings, SystemClock()))
