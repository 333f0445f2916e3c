"""`make bench`: prints the comparisons of docs/bench.md. Exit status 1 when an exact contender came to other totals."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

from tests.bench.machine import machine_lines

SECTIONS = ("settlement", "gateway", "pages", "lists")


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """What was asked for; every figure has a bound, so that the bench ends."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=_from_one, default=5, help="interleaved rounds (5)")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="one section; may be repeated")
    parser.add_argument(
        "--students", type=_from_one, action="append", help="size of a settlement; may be repeated (100000, 1000000)"
    )
    parser.add_argument("--seconds", type=_from_one, default=3, help="length of one round of load (3)")
    return parser.parse_args(given)


def _from_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def main() -> int:
    """Run the sections that were asked for."""
    asked = arguments()
    say("比值优先：同一次运行中交替进行，各取中位数；时间只供参考。")
    for line in machine_lines():
        say(line)
    failed = False
    for section in asked.only or SECTIONS:
        failed = not SECTION_RUNNERS[section](asked) or failed
    return 1 if failed else 0


def say(text: str = "") -> None:
    """Print at once: a bench is watched while it runs."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def settlement(asked: argparse.Namespace) -> bool:
    """Settlements of each size; False when totals differ."""
    from tests.bench.contenders_settlement import TotalsDiffer
    from tests.bench.machine import honest_server
    from tests.bench.settlement import compare

    with honest_server() as server:
        for students in asked.students or (100_000, 1_000_000):
            url = server.service_url("subsidies")
            try:
                asyncio.run(compare(server, url, students, asked.rounds, say))
            except TotalsDiffer as difference:
                say(f"\n错误：{difference}")
                return False
    return True


def gateway(asked: argparse.Namespace) -> bool:
    """The gateway against direct."""
    from tests.bench.contenders_gateway import compare

    compare(asked.rounds, asked.seconds, say)
    return True


def pages(asked: argparse.Namespace) -> bool:
    """The main pages through the whole hub; a hub that does not start is said loudly and is a failure."""
    from tests.bench.pages import measure

    return measure(asked.rounds, dict(os.environ), say)


def lists(asked: argparse.Namespace) -> bool:
    """The registry's lists at real size through the whole hub."""
    from tests.bench.lists import measure

    return measure(asked.rounds, dict(os.environ), say)


SECTION_RUNNERS = {"settlement": settlement, "gateway": gateway, "pages": pages, "lists": lists}

if __name__ == "__main__":
    sys.exit(main())
