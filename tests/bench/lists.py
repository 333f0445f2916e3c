"""The registry's lists at real size through the whole running hub: 20,000 members and 200,000 collaborations.

The rows are synthetic and follow from their number. They are written by the administrator of the bench's own database;
everything that is measured is asked through the gateway, as the secretariat and as a county bureau.
"""

import asyncio
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import aiohttp

from hub.accounts import CALLBACK
from hub.database import connection
from hub.demo.alliance import SECRETARIAT_USERNAME
from hub.demo.errors import DemoError
from hub.demo.sign_in import Account, OAuthClient, signed_in
from hub.demonstration import CLIENT
from hub.environment import Deployment
from services.kernel.identifiers import uscc_check_character
from services.kernel.permissions import Role, scope_of
from services.kernel.pinyin import search_text, sort_key
from tests.bench.pages import FLOOR, HubDidNotStart, PageRefused, Say, running_hub
from tests.bench.report import percentile, table

MEMBERS: Final = 20_000
COLLABORATIONS: Final = 200_000
REQUESTS: Final = 20
"""How often each list is asked in one round."""
BUREAU: Final = "bureau-340822"
ALLIANCE: Final = "anqing"
STAMP: Final = datetime(2025, 1, 1, tzinfo=UTC)
PLACES: Final = ("安庆", "怀宁", "桐城", "潜山", "太湖", "宿松", "望江", "岳西", "迎江", "大观", "宜秀")
DIVISIONS: Final = ("340822", "340825", "340826", "340827", "340828", "340881", "340882", "340802", "340803", "340811")
MARKS: Final = tuple("华兴盛达明宏远新泰安恒瑞丰德利康信诚润泽金龙天宇中联合创未来智")
TRADES: Final = ("汽车零部件", "装备制造", "新材料", "化工", "纺织服装", "电子信息", "食品加工", "现代物流", "生物医药")
FORMS: Final = ("有限公司", "有限责任公司", "股份有限公司")
KINDS: Final = {
    "school_enterprise_class": "订单班",
    "industry_college": "产业学院",
    "base": "实训基地",
    "platform": "技术创新平台",
    "internship_base": "实习基地",
}


class Words:
    """Names put together from parts, with what is searched and sorted by put together from the same parts."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, list[str]]] = {}

    def of(self, *parts: str) -> tuple[str, str, str]:
        """The name, its sort key and its search text."""
        for part in parts:
            if part not in self._known:
                self._known[part] = (sort_key(part), search_text(part).split("\n"))
        keys = " ".join(self._known[part][0] for part in parts)
        forms = ("".join(self._known[part][1][form] for part in parts) for form in range(3))
        return "".join(parts), keys, "\n".join(forms)


def members() -> Iterator[tuple[Any, ...]]:
    """Rows of `member`: enterprises of ten counties."""
    chance, words = random.Random(1), Words()  # repeatable rows, no secret
    for number in range(MEMBERS):
        parts = (chance.choice(PLACES), *chance.sample(MARKS, 2), chance.choice(TRADES), str(number))
        name, key, text = words.of(*parts, chance.choice(FORMS))
        body = f"91340899B{number:08d}"
        code = body + uscc_check_character(body)
        searched, division = f"{text}\n{code.lower()}", chance.choice(DIVISIONS)
        facts: tuple[Any, ...] = (name, [], code, "enterprise", division, "active")
        yield (ALLIANCE, UUID(int=number + 1), *facts, key, searched, 1, STAMP, STAMP)


MEMBER_COLUMNS: Final = ("alliance", "id", "name", "aliases", "uscc", "category", "division", "status", "sort_key")
COLUMNS_OF_ALL: Final = ("search_text", "row_version", "created_at", "updated_at")


def collaborations() -> Iterator[tuple[Any, ...]]:
    """Rows of `collaboration`: each between two of the members."""
    chance, words = random.Random(2), Words()  # repeatable rows, no secret
    kinds = tuple(KINDS)
    for number in range(COLLABORATIONS):
        kind = chance.choice(kinds)
        parts = (chance.choice(PLACES), *chance.sample(MARKS, 2), chance.choice(TRADES), KINDS[kind], str(number))
        name, key, text = words.of(*parts)
        two = (UUID(int=chance.randrange(MEMBERS) + 1), UUID(int=chance.randrange(MEMBERS) + 1))
        yield (ALLIANCE, UUID(int=number + 1), kind, name, *two, "active", key, text, 1, STAMP, STAMP)


COLLABORATION_COLUMNS: Final = ("alliance", "id", "kind", "name", "host_member", "lead_member", "status", "sort_key")


async def fill(deployment: Deployment) -> None:
    """Write the rows, and let the server look at them as autovacuum would in time."""
    plan = deployment.plan
    async with connection(plan.administrator, plan.database) as database:
        await database.execute("SET search_path = registry, public")
        await database.execute("SELECT set_config('hub.effective_on', '2025-01-01', false)")
        for name, rows, columns in (
            ("member", members(), MEMBER_COLUMNS),
            ("collaboration", collaborations(), COLLABORATION_COLUMNS),
        ):
            await database.copy_records_to_table(name, records=rows, columns=[*columns, *COLUMNS_OF_ALL])
            await database.execute(f"VACUUM ANALYZE {name}")


@dataclass(frozen=True)
class Ask:
    """One list: its path, and in whose name it is asked (None: nobody's)."""

    path: str
    username: str | None = SECRETARIAT_USERNAME


def _list(resource: str, **query: str) -> str:
    asked = f"?{urlencode(query)}" if query else ""
    return f"/api/registry/v1/{resource}{asked}"


ASKED: Final[Mapping[str, Ask]] = {
    FLOOR: Ask("/livez", None),
    "成员：首页": Ask(_list("members")),
    "成员：按区划": Ask(_list("members", division="340822")),
    "成员：两字“宏远”": Ask(_list("members", q="宏远")),
    "成员：常见“公司”": Ask(_list("members", q="公司")),
    "成员：首字母 qcljb": Ask(_list("members", q="qcljb")),
    "成员：代码一段": Ask(_list("members", q="b0001234")),
    "成员：县区": Ask(_list("members"), BUREAU),
    "载体：首页": Ask(_list("collaborations")),
    "载体：按类型": Ask(_list("collaborations", kind="base")),
    "载体：倒序": Ask(_list("collaborations", sort="-name")),
    "载体：两字“宏远”": Ask(_list("collaborations", q="宏远")),
    "载体：常见“订单班”": Ask(_list("collaborations", q="订单班")),
    "载体：一字“龙”": Ask(_list("collaborations", q="龙")),
    "载体：拼音 hongyuan": Ask(_list("collaborations", q="hongyuan")),
    "载体：没有的“量子”": Ask(_list("collaborations", q="量子")),
    "载体：类型加名称": Ask(_list("collaborations", q="汽车", kind="platform")),
    "载体：按区划": Ask(_list("collaborations", division="340822")),
    "载体：按参与单位": Ask(_list("collaborations", partner="宏远")),
    "载体：按成立日期": Ask(_list("collaborations", sort="founded_on")),
    "载体：县区": Ask(_list("collaborations"), BUREAU),
    "载体：县区加名称": Ask(_list("collaborations", q="汽车"), BUREAU),
}


async def tokens(deployment: Deployment) -> dict[str, str]:
    """An `Authorization` header for each account that asks."""
    url = deployment.settings.public_url
    secret = deployment.secrets["HUB_FRONTEND_CLIENT_SECRET"]
    roles = {SECRETARIAT_USERNAME: Role.SECRETARIAT_CLERK, BUREAU: Role.COUNTY_CLERK}
    found = {}
    for username, role in roles.items():
        client = OAuthClient(CLIENT, url + CALLBACK, secret, scope_of(role))
        account = Account(username, deployment.secrets.account_password(username))
        async with await signed_in(url, client, account) as http:
            found[username] = http.headers["Authorization"]
    return found


async def visit(origin: str, headers: Mapping[str, str], rounds: int) -> dict[str, list[float]]:
    """Seconds of every request by list; rounds alternate between the lists."""
    times: dict[str, list[float]] = {name: [] for name in ASKED}
    names = list(ASKED)
    async with aiohttp.ClientSession(origin) as http:
        for number in range(-1, rounds):  # the first round warms caches and is not counted
            first = number % len(names)
            for name in names[first:] + names[:first]:
                found = [await _ask(http, ASKED[name], headers) for _ in range(REQUESTS if number >= 0 else 3)]
                times[name] += found if number >= 0 else []
    return times


async def _ask(http: aiohttp.ClientSession, asked: Ask, headers: Mapping[str, str]) -> float:
    own = {"Authorization": headers[asked.username]} if asked.username else {}
    started = time.perf_counter()
    async with http.get(asked.path, headers=own) as answer:
        await answer.read()
        if answer.status != 200:
            raise PageRefused(f"{asked.path} 答复 HTTP {answer.status}")
    return time.perf_counter() - started


def measure(rounds: int, environment: Mapping[str, str], say: Say) -> bool:
    """Print p50 and p95 of the lists; False, loudly, when the hub does not start or answer."""
    say(f"\n== 清单：{MEMBERS:,} 家成员、{COLLABORATIONS:,} 个合作载体，经网关，{rounds} 轮，每轮各 {REQUESTS} 次 ==")
    try:
        with running_hub(environment) as deployment:
            asyncio.run(fill(deployment))
            headers = asyncio.run(tokens(deployment))
            times = asyncio.run(visit(deployment.settings.public_url, headers, rounds))
    except (HubDidNotStart, DemoError, PageRefused) as fault:
        say(f"  !!!! 没有测量清单：中枢没有启动，或没有照常回答。{fault}")
        return False
    say(list_table(times))
    return True


def list_table(times: Mapping[str, list[float]]) -> str:
    """Ratios of medians to the floor, then milliseconds."""
    floor = median(times[FLOOR])
    rows = [
        (name, f"{median(found) / floor:.1f}", *(f"{percentile(found, share) * 1e3:.1f}" for share in (0.5, 0.95)))
        for name, found in times.items()
    ]
    return table(("", "比值", "p50（毫秒）", "p95（毫秒）"), rows)
