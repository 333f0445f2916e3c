"""Runs `hub up` on stand-in processes (see fake_child.py), as a program of its own.

FAKE_PAUSES: the seconds before a child is started again, separated by commas, in place of the supervisor's.
"""

import os
import sys
from pathlib import Path

from hub import supervisor
from hub.environment import Deployment
from hub.errors import OperatorError
from hub.up import Hooks, up


def command(name: str, deployment: Deployment) -> list[str]:
    address = "-" if name == "worker" else deployment.upstreams()[name]
    return [sys.executable, str(Path(__file__).with_name("fake_child.py")), name, address]


def keep_a_row(deployment: Deployment) -> None:
    """Write a row at each start and say how many there are, to show that data outlives a restart."""
    import asyncio

    from hub.database import connection

    async def count() -> int:
        async with connection(deployment.administrator, "postgres") as database:
            await database.execute("CREATE TABLE IF NOT EXISTS start (at timestamptz DEFAULT now())")
            await database.execute("INSERT INTO start DEFAULT VALUES")
            return int(await database.fetchval("SELECT count(*) FROM start"))

    (deployment.settings.state.path / "starts").write_text(str(asyncio.run(count())))


if pauses := os.environ.get("FAKE_PAUSES"):
    supervisor.RESTART_PAUSES = [float(pause) for pause in pauses.split(",")]
try:
    up(Hooks(command=command, before=[("记录", keep_a_row)], after=[("示范", lambda _, say: ["账户 甲"])]), os.environ)
except OperatorError as error:
    sys.stderr.write(error.sentence + "\n")
    sys.exit(error.exit_code)
