"""The pages of bodies, seats, meetings and resolutions through the whole application, on a fake gateway."""

import json
from typing import Any
from urllib.parse import unquote

import pytest
from aiohttp import web

from frontend.pages.governance_bodies import tree_of
from tests.frontend.conftest import Browser
from tests.frontend.days import DAY, leading_out
from tests.frontend.fake_gateway import FakeGateway, Handler, refuse, reply
from tests.frontend.html import Page

pytestmark = pytest.mark.anyio
HTMX = {"HX-Request": "true"}
API = "/api/registry/v1"
ONE = "11111111-1111-4111-8111-111111111111"
SEAT = "22222222-2222-4222-8222-222222222222"
OTHER = "33333333-3333-4333-8333-333333333333"
MEETING = "44444444-4444-4444-8444-444444444444"
RESOLUTION = "55555555-5555-4555-8555-555555555555"
ITEM = "66666666-6666-4666-8666-666666666666"
LEAD = "77777777-7777-4777-8777-777777777777"
HALF = {"numerator": 1, "denominator": 2, "strict": True}
HISTORY: dict[str, Any] = {"items": []}
CITING = {name: f"/api/{name}/v1/citing-decisions" for name in ("registry", "targets", "subsidies")}

SUMMARY: dict[str, Any] = {
    "id": ONE,
    "name": "示例集团理事会",
    "aliases": ["理事会"],
    "kind": "council",
    "parent": None,
    "host_member": None,
    "host_name": None,
    "seats": 1,
    "vacant": 0,
    "founded_on": "2024-01-01",
    "dissolved_on": None,
    "pack": "anqing-2024",
    "article": "二2",
}
SEAT_SUMMARY: dict[str, Any] = {
    "id": SEAT,
    "body": {"id": ONE, "name": SUMMARY["name"]},
    "code": None,
    "title": "理事长",
    "member": None,
    "unit_name": "示例学院",
    "post": "院长",
    "position": 1,
    "votes": True,
    "open_ended": False,
    "succession": "by_notice",
    "article": None,
    "established_on": None,
    "abolished_on": None,
    "holder": "王一",
    "since": "2024-01-01",
}
BODY: dict[str, Any] = {
    **SUMMARY,
    "duties": ["审议预算"],
    "host_options": [],
    "succession": None,
    "position": 3,
    "quorum": {"numerator": 2, "denominator": 3, "strict": False},
    "majority": HALF,
    "majority_of": "votes",
    "rules_source": "章程第十条",
    "number_prefix": "示集",
    "terms": [{"id": ITEM, "number": 1, "from_date": "2024-01-01", "until_date": None, "document": None}],
    "seat_list": [SEAT_SUMMARY],
    "row_version": 2,
    "created_at": "2025-11-01T00:00:00Z",
    "updated_at": "2025-11-02T00:00:00Z",
}
HOLDING = {
    "id": ITEM,
    "holder": "王一",
    "from_date": "2024-01-01",
    "until_date": None,
    "document": None,
    "end_reason": None,
}
SEAT_READ = {**SEAT_SUMMARY, "holdings": [HOLDING], "row_version": 3}
STRUCTURE: dict[str, Any] = {
    "as_of": "2025-12-01",
    "packs": [{"pack": "anqing-2024", "title": "实施意见", "number": "宜政秘〔2024〕91号", "alliance": "示例集团"}],
    "formula": {
        "pack": "anqing-2024",
        "name": "1+2+2+N",
        "roles": [{"label": "1", "name": "龙头", "members": ["示例学院"], "open_ended": False, "others": 0}],
    },
    "leads": [{"id": LEAD, "unit": "示例学院", "member": None, "scope": "集团龙头", "article": "二1"}],
    "members": [],
    "bodies": [
        {
            **{name: SUMMARY[name] for name in ("id", "name", "aliases", "kind", "pack", "article")},
            "parent": None,
            "host": None,
            "host_options": [],
            "duties": [],
            "succession": None,
            "seats": [
                {
                    **{name: SEAT_SUMMARY[name] for name in ("title", "post", "votes", "succession", "article")},
                    "unit": "示例学院",
                    "member": None,
                    "count": 1,
                    "holder": "王一",
                    "since": "2024-01-01",
                    "seats": [{"id": SEAT, "holder": "王一", "since": "2024-01-01"}],
                }
            ],
        }
    ],
    "collaborations": [],
}
ROW: dict[str, Any] = {
    "seat": SEAT,
    "title": "理事长",
    "unit": "示例学院",
    "post": "院长",
    "holder": "王一",
    "votes": True,
    "open_ended": False,
    "presence": None,
    "attendee": None,
    "proxy_seat": None,
    "authorisation": None,
}
QUORUM = {"seats": 2, "present": 0, "proxies": 0, "needed": 2, "met": False, "share": BODY["quorum"]}
MEETING_READ: dict[str, Any] = {
    "id": MEETING,
    "body": {"id": ONE, "name": SUMMARY["name"]},
    "title": "第一次会议",
    "held_on": "2025-11-20",
    "starts_at": "09:00:00",
    "place": "会议室",
    "form": "onsite",
    "state": "convened",
    "agenda": [{"id": ITEM, "title": "审议预算", "proposer": "秘书处", "position": 1}],
    "attendance": [ROW, {**ROW, "seat": OTHER, "title": "理事", "holder": "李二"}],
    "quorum": QUORUM,
    "resolutions": [
        {"id": RESOLUTION, "title": "关于预算的决议", "number": None, "outcome": "pending", "resolved_on": None}
    ],
    "minutes": None,
    "cancel_reason": None,
    "row_version": 4,
    "created_at": "2025-11-01T00:00:00Z",
    "updated_at": "2025-11-02T00:00:00Z",
}
RESOLUTION_READ: dict[str, Any] = {
    "id": RESOLUTION,
    "title": "关于预算的决议",
    "number": "示集〔2025〕1号",
    "outcome": "passed",
    "resolved_on": "2025-11-20",
    "body": MEETING_READ["body"],
    "meeting": MEETING,
    "in_favour": 2,
    "against": 0,
    "abstained": 0,
    "meeting_title": "第一次会议",
    "held_on": "2025-11-20",
    "agenda_item": ITEM,
    "content": "同意预算。",
    "method": "show_of_hands",
    "seats_total": 2,
    "seats_present": 2,
    "tie": False,
    "quorum": BODY["quorum"],
    "majority": HALF,
    "majority_of": "votes",
    "rules_source": "章程第十条",
    "votes": [],
    "row_version": 5,
    "created_at": "2025-11-01T00:00:00Z",
    "updated_at": "2025-11-02T00:00:00Z",
}
LEAD_READ = {
    "id": LEAD,
    "member": None,
    "unit_name": "示例学院",
    "scope": "集团龙头",
    "pack": None,
    "article": None,
    "from_date": None,
    "ended_on": None,
    "row_version": 1,
}
REPORT: dict[str, Any] = {
    "pack": "anqing-2024",
    "title": "宜政秘〔2024〕91号",
    "issued_on": None,
    "preview": True,
    "made": 1,
    "changed": 0,
    "found": 2,
    "skipped": 1,
    "items": [
        {"kind": "body", "name": "示例集团秘书处", "outcome": "made", "note": None},
        {"kind": "member", "name": "示例大学", "outcome": "skipped", "note": "请选择类别。"},
    ],
}


def listing(*items: dict[str, Any]) -> Handler:
    return reply({"items": list(items), "next_cursor": None, "total": len(items)})


def governance_answers() -> dict[tuple[str, str], Handler]:
    """What the registry answers when nothing special happens."""
    reads = {
        "/structure": STRUCTURE,
        "/structure/adoption": REPORT,
        f"/bodies/{ONE}": BODY,
        f"/seats/{SEAT}": SEAT_READ,
        f"/meetings/{MEETING}": MEETING_READ,
        f"/resolutions/{RESOLUTION}": RESOLUTION_READ,
        f"/leads/{LEAD}": LEAD_READ,
        "/resolutions/options": {"items": [{"id": RESOLUTION, "label": "示集〔2025〕1号 关于预算的决议"}]},
    }
    things = (f"bodies/{ONE}", f"seats/{SEAT}", f"meetings/{MEETING}", f"resolutions/{RESOLUTION}")
    return {
        **{("GET", API + path): reply(data, headers={"ETag": '"2"'}) for path, data in reads.items()},
        **{("GET", f"{API}/{thing}/history"): reply(HISTORY) for thing in things},
        **{("GET", path): reply({"items": []}) for path in CITING.values()},
        ("GET", f"{API}/bodies"): listing(SUMMARY),
        ("GET", f"{API}/members"): listing(),
        ("GET", f"{API}/meetings"): listing(MEETING_READ),
        ("GET", f"{API}/resolutions"): listing(RESOLUTION_READ),
    }


@pytest.fixture(autouse=True)
def registry(fake: FakeGateway) -> None:
    fake.answers |= governance_answers()


class Recorder:
    """A handler that keeps what it was sent."""

    def __init__(self, status: int, data: dict[str, Any]) -> None:
        self.status = status
        self.data = data
        self.bodies: list[Any] = []
        self.headers: list[dict[str, str]] = []

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.headers.append(dict(request.headers))
        self.bodies.append(json.loads(await request.read() or b"null"))
        return web.json_response(self.data, status=self.status)


async def page(browser: Browser, path: str) -> Page:
    answer = await browser.http.get(path)
    assert answer.status_code == 200, answer.text
    return Page(answer.text)


async def send(browser: Browser, path: str, data: dict[str, Any]) -> Any:
    form = {"csrf_token": await browser.csrf(), "idempotency_key": "key-1", "etag": '"2"', **data}
    return await browser.http.post(path, data=form, headers=HTMX)


PATHS = [
    "/governance/bodies",
    "/governance/bodies/new",
    f"/governance/bodies/{ONE}",
    f"/governance/bodies/{ONE}/edit",
    f"/governance/bodies/{ONE}/seats/new",
    f"/governance/bodies/{ONE}/terms/new",
    f"/governance/bodies/{ONE}/dissolution",
    f"/governance/seats/{SEAT}",
    f"/governance/seats/{SEAT}/edit",
    f"/governance/seats/{SEAT}/succession",
    f"/governance/seats/{SEAT}/vacancy",
    f"/governance/seats/{SEAT}/abolition",
    "/governance/leads/new",
    f"/governance/leads/{LEAD}/ending",
    "/governance/adoption",
    "/governance/picture",
    "/governance/meetings",
    "/governance/meetings/new",
    f"/governance/meetings/{MEETING}",
    f"/governance/meetings/{MEETING}/edit",
    f"/governance/meetings/{MEETING}/attendance",
    f"/governance/meetings/{MEETING}/archiving",
    f"/governance/meetings/{MEETING}/cancellation",
    "/governance/resolutions",
    f"/governance/resolutions/new?meeting={MEETING}",
    f"/governance/resolutions/{RESOLUTION}",
    f"/governance/resolutions/{RESOLUTION}/edit",
    f"/governance/resolutions/{RESOLUTION}/vote",
    f"/governance/resolutions/{RESOLUTION}/vote?method=by_name",
]


@pytest.mark.parametrize("path", PATHS)
async def test_every_page_is_sound_and_has_a_fragment(browser: Browser, path: str) -> None:
    whole = await page(browser, path)
    assert whole.faults == []
    assert len(whole.having("h1")) == 1
    fragment = await browser.http.get(path, headers=HTMX)
    assert "<html" not in fragment.text
    assert Page(fragment.text).faults == []


async def test_the_tree_shows_seats_with_holders_of_the_day(browser: Browser, fake: FakeGateway) -> None:
    shown = await page(browser, "/governance/bodies?as_of=2024-05-01")
    for text in ("示例集团理事会", "理事长", "王一", "院长", "集团龙头", "显示 2024年5月1日 的情况，不能修改。"):
        assert text in shown.text
    assert any(path.endswith("/structure?as_of=2024-05-01") for _, path, _ in fake.seen)


@pytest.mark.parametrize("role", ["county_clerk", "unit_reporter"])
async def test_others_see_no_way_to_write(stranger: Browser, fake: FakeGateway, role: str) -> None:
    more = {"division": "340822"} if role == "county_clerk" else {"member": ONE}
    fake.user = {**fake.user, "role": role, **more}
    await stranger.sign_in()
    for path in ("/governance/bodies", f"/governance/bodies/{ONE}", f"/governance/seats/{SEAT}"):
        text = (await stranger.http.get(path)).text
        assert "succession" not in text
        assert "/edit" not in text
        assert "/governance/adoption" not in text
    meeting = (await stranger.http.get(f"/governance/meetings/{MEETING}")).text
    assert "/attendance" not in meeting


async def test_a_tree_is_walked_from_the_top_and_loses_nobody() -> None:
    bodies: list[dict[str, Any]] = [
        {"name": "丙", "parent": "乙"},
        {"name": "甲", "parent": None},
        {"name": "乙", "parent": "甲"},
    ]
    assert [(depth, one["name"]) for depth, one in tree_of(bodies)] == [(0, "甲"), (1, "乙"), (2, "丙")]
    assert tree_of([{"name": "丁", "parent": "不在册"}]) == [(0, {"name": "丁", "parent": "不在册"})]


async def test_a_body_is_sent_with_its_rules(browser: Browser, fake: FakeGateway) -> None:
    taken = Recorder(201, BODY)
    fake.answers["POST", f"{API}/bodies"] = taken
    rules = {"quorum_numerator": "2", "quorum_denominator": "3", "quorum_strict": "no", "rules_source": "章程"}
    data = {"name": "理事会", "aliases": "甲\n乙\n", "kind": "council", "duties": "", **rules, "majority_strict": "yes"}
    answer = await send(browser, "/governance/bodies/new", data)
    assert answer.headers["HX-Redirect"] == f"/governance/bodies/{ONE}"
    sent = taken.bodies[0]
    assert sent["quorum"] == {"numerator": "2", "denominator": "3", "strict": False}
    assert (sent["majority"], sent["aliases"], sent["duties"]) == (None, ["甲", "乙"], [])


async def test_a_succession_is_asked_for_in_a_dialog_that_says_who_holds_the_seat(browser: Browser) -> None:
    answer = await browser.http.get(f"/governance/seats/{SEAT}/succession", headers=HTMX)
    assert 'id="dialog-title"' in answer.text
    for text in ("理事长 示例学院 院长", "现任：王一", "须另行文"):
        assert text in answer.text


async def test_a_succession_is_sent_and_its_faults_come_back(browser: Browser, fake: FakeGateway) -> None:
    path = f"/governance/seats/{SEAT}/succession"
    taken = Recorder(201, SEAT_READ)
    fake.answers["POST", f"{API}/seats/{SEAT}/succession"] = taken
    data = {"holder": "李二", "from_date": "2025-11-01", "document": ""}
    answer = await send(browser, path, data)
    assert answer.headers["HX-Redirect"] == f"/governance/bodies/{ONE}"
    assert taken.bodies == [{**data, "document": None}]
    assert taken.headers[0]["Idempotency-Key"] == "key-1"
    errors = [{"field": "document", "code": "document_missing", "message": "请填写任职文件文号。"}]
    fake.answers["POST", f"{API}/seats/{SEAT}/succession"] = refuse(422, "x", "有误", "一处。", errors)
    again = await send(browser, path, data)
    assert (again.status_code, again.headers["HX-Retarget"]) == (422, "#governance-form")
    assert "请填写任职文件文号。" in again.text
    assert Page(again.text).having("input", name="holder", value="李二")


async def test_two_editors_of_a_seat(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["PUT", f"{API}/seats/{SEAT}"] = refuse(412, "stale_version", "已被修改", "请刷新。")
    data = {"title": "理事长", "succession": "by_post", "votes": "no", "position": "1", "etag": '"1"'}
    answer = await send(browser, f"/governance/seats/{SEAT}/edit", data)
    assert answer.status_code == 412
    assert "已被他人修改" in answer.text
    assert Page(answer.text).having("input", name="etag")[0]["value"] == '"2"'


async def test_the_adoption_sends_the_categories_that_were_chosen(browser: Browser, fake: FakeGateway) -> None:
    shown = await page(browser, "/governance/adoption")
    assert shown.having("select", name="category:示例大学")
    taken = Recorder(200, {**REPORT, "preview": False})
    fake.answers["POST", f"{API}/structure/adoption"] = taken
    data = {
        "pack": "anqing-2024",
        "since": "2024-09-01",
        "category:示例大学": "higher_vocational",
        "category:另一家": "",
    }
    answer = await send(browser, "/governance/adoption", data)
    sent = {"pack": "anqing-2024", "since": "2024-09-01", "categories": {"示例大学": "higher_vocational"}}
    assert taken.bodies == [sent]
    assert "新增 1 项" in unquote(unquote(answer.headers["Set-Cookie"]))


async def test_an_agenda_keeps_the_items_whose_words_stayed(browser: Browser, fake: FakeGateway) -> None:
    taken = Recorder(200, MEETING_READ)
    fake.answers["PUT", f"{API}/meetings/{MEETING}"] = taken
    agenda = "审议章程\n审议预算｜秘书处"
    data = {"title": "会议", "held_on": "2025-11-20", "starts_at": "", "meeting_form": "online", "agenda": agenda}
    await send(browser, f"/governance/meetings/{MEETING}/edit", data)
    assert taken.bodies[0]["agenda"] == [
        {"id": None, "title": "审议章程", "proposer": None},
        {"id": ITEM, "title": "审议预算", "proposer": "秘书处"},
    ]
    assert (taken.bodies[0]["form"], taken.bodies[0]["starts_at"]) == ("online", None)
    assert taken.headers[0]["If-Match"] == '"2"'


@pytest.mark.parametrize(
    ("ticked", "words"),
    [
        ({SEAT: "present", OTHER: "absent"}, ["到会 1 席", "未达到"]),
        ({SEAT: "present", OTHER: "proxy"}, ["到会 2 席", "其中委托 1 席", "已达到"]),
        ({}, ["到会 0 席", "未达到"]),
    ],
)
async def test_the_quorum_is_counted_live(browser: Browser, ticked: dict[str, str], words: list[str]) -> None:
    query = {f"presence-{seat}": presence for seat, presence in ticked.items()}
    answer = await browser.http.get(f"/governance/meetings/{MEETING}/attendance/count", params=query)
    text = Page(answer.text).text
    assert all(word.replace(" ", "") in text.replace(" ", "").replace("\n", "") for word in words), text


async def test_attendance_is_sent_by_seat_with_proxies(browser: Browser, fake: FakeGateway) -> None:
    taken = Recorder(200, MEETING_READ)
    fake.answers["PUT", f"{API}/meetings/{MEETING}/attendance"] = taken
    data = {
        f"presence-{SEAT}": "present",
        f"attendee-{SEAT}": "王一",
        f"proxy_seat-{SEAT}": OTHER,
        f"presence-{OTHER}": "proxy",
        f"attendee-{OTHER}": "王一",
        f"proxy_seat-{OTHER}": SEAT,
        f"authorisation-{OTHER}": "委托书一份",
    }
    await send(browser, f"/governance/meetings/{MEETING}/attendance", data)
    by_proxy = {"presence": "proxy", "attendee": "王一", "proxy_seat": SEAT, "authorisation": "委托书一份"}
    assert taken.bodies[0]["entries"] == [
        {"seat": SEAT, "presence": "present", "attendee": "王一"},
        {"seat": OTHER, **by_proxy},
    ]


async def test_votes_are_sent_by_the_method_that_was_chosen(browser: Browser, fake: FakeGateway) -> None:
    taken = Recorder(200, RESOLUTION_READ)
    fake.answers["PUT", f"{API}/resolutions/{RESOLUTION}/vote"] = taken
    path = f"/governance/resolutions/{RESOLUTION}/vote"
    counts = {"in_favour": "2", "against": "0", "abstained": "0"}
    answer = await send(browser, path, {"method": "show_of_hands", **counts})
    assert "表决结果：通过，编号 示集〔2025〕1号。" in unquote(unquote(answer.headers["Set-Cookie"]))
    await send(browser, path, {"method": "by_name", f"vote-{SEAT}": "for", f"vote-{OTHER}": ""})
    assert taken.bodies == [
        {"method": "show_of_hands", **counts},
        {"method": "by_name", "votes": [{"seat": SEAT, "vote": "for"}]},
    ]


async def test_a_picker_keeps_what_is_selected(browser: Browser, fake: FakeGateway) -> None:
    fake.answers["GET", f"{API}/resolutions/options"] = reply({"items": []})
    answer = await browser.http.get(f"/governance/resolutions/options?q=x&selected={RESOLUTION}")
    option = Page(f"<select>{answer.text}</select>").having("option", value=RESOLUTION)
    assert "selected" in option[0]
    assert (await browser.http.get("/governance/resolutions/options?selected=nonsense")).status_code == 200


async def test_downloads_pass_through(browser: Browser, fake: FakeGateway) -> None:
    async def file(request: web.Request) -> web.StreamResponse:
        return web.Response(body=request.path_qs.encode())

    for path in ("seats/export.xlsx", "resolutions/export.xlsx", "structure/picture.svg"):
        fake.answers["GET", f"{API}/{path}"] = file
    seats = await browser.http.get(f"/governance/seats/export?body={ONE}")
    assert seats.text == f"{API}/seats/export.xlsx?body={ONE}"
    assert "q=%E9%A2%84" in (await browser.http.get("/governance/resolutions/export?q=预")).text
    assert "as_of=2024-01-01" in (await browser.http.get("/governance/picture.svg?as_of=2024-01-01")).text


@pytest.mark.parametrize(
    "path", ["/governance/bodies", f"/governance/bodies/{ONE}", f"/governance/seats/{SEAT}", "/governance/picture"]
)
async def test_a_page_of_an_earlier_day_asks_for_it_and_stays_in_it(
    browser: Browser, fake: FakeGateway, path: str
) -> None:
    unit = {**STRUCTURE["bodies"][0]["seats"][0], "member": OTHER}
    lead = {**STRUCTURE["leads"][0], "member": OTHER}
    bodies = [{**STRUCTURE["bodies"][0], "seats": [unit]}]
    fake.answers["GET", f"{API}/structure"] = reply({**STRUCTURE, "bodies": bodies, "leads": [lead]})
    held = {**SEAT_SUMMARY, "member": {"id": OTHER, "name": "示例学院"}}
    fake.answers["GET", f"{API}/bodies/{ONE}"] = reply({**BODY, "seat_list": [held]})
    answer = await browser.http.get(f"{path}?as_of={DAY}")
    today = f"{path}?paper=a4" if path.endswith("/picture") else path
    assert leading_out(answer.text, today) == []
    asked = [path for _, path, _ in fake.seen if path.startswith(API) and not path.endswith("/history")]
    assert asked
    assert all(f"as_of={DAY}" in path for path in asked)


async def test_a_seat_of_an_earlier_day_offers_no_change(browser: Browser) -> None:
    path = f"/governance/seats/{SEAT}"
    assert (await page(browser, path)).having("a", href=f"{path}/succession")
    then = await page(browser, f"{path}?as_of={DAY}")
    assert not then.having("a", href=f"{path}/succession")
    assert not then.having("a", href=f"{path}/edit")
    assert "显示 2025年6月1日 的情况，不能修改。" in then.text


@pytest.mark.parametrize("kind", ["meetings", "resolutions"])
async def test_meetings_and_resolutions_can_be_listed_as_of_a_day(
    browser: Browser, fake: FakeGateway, kind: str
) -> None:
    answer = await browser.http.get(f"/governance/{kind}", params={"as_of": DAY})
    assert answer.status_code == 200
    assert "不能修改" in answer.text
    assert "计划会议" not in answer.text
    assert any(path.startswith(f"{API}/{kind}?") and f"as_of={DAY}" in path for _, path, _ in fake.seen)
