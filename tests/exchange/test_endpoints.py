"""Webhook endpoints: whose they are, what addresses they take, how their secret is kept, what the audit log says."""

import json
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from services.exchange.commands import create_endpoint as create_module
from services.exchange.commands.endpoint_url import check_url
from services.exchange.settings import ExchangeSettings
from services.exchange.signing import Seal
from services.exchange.tables import Endpoint
from services.kernel.errors import InvalidInput, Unavailable
from services.kernel.permissions import Role
from services.kernel.shared_tables import audit_entry, idempotency_key
from tests.exchange.world import ALLIANCE, COLLEGE, PRACTICE, QIANSHAN, World

pytestmark = pytest.mark.anyio
URL = "https://hooks.example.cn/hub?key=very-secret"


async def audited(world: World, alliance: str = ALLIANCE) -> list[Any]:
    async with world.database.read(alliance) as session:
        columns = (audit_entry.c.action, audit_entry.c.before, audit_entry.c.after, audit_entry.c.unit)
        return list(await session.execute(select(*columns).order_by(audit_entry.c.entry_no)))


async def test_an_endpoint_from_its_making_to_its_end(world: World) -> None:
    async with world.api(name="怀宁经办") as client:
        types = ["claim.returned", "claim.accepted", "claim.accepted"]
        made = await client.post("/webhook-endpoints", json={"url": URL, "event_types": types, "description": " 县局 "})
        assert made.status_code == 201
        body = made.json()
        assert body["secret"].startswith("whsec_")
        assert made.headers["location"] == f"/api/exchange/v1/webhook-endpoints/{body['id']}"
        assert made.headers["cache-control"] == "no-store"
        path = f"/webhook-endpoints/{body['id']}"
        read = await client.get(path)
        assert read.headers["etag"] == made.headers["etag"]
        assert read.json() == {name: value for name, value in body.items() if name != "secret"}
        assert read.json() == {
            "id": body["id"],
            "url": URL,
            "event_types": ["claim.accepted", "claim.returned"],
            "description": "县局",
            "active": True,
            "disabled_at": None,
            "disabled_reason": None,
            "disabled_reason_label": None,
            "failing_since": None,
            "previous_secret_signs_until": None,
            "created_at": body["created_at"],
            "created_by_name": "怀宁经办",
            "version": 1,
        }
        assert (await client.get("/webhook-endpoints")).json()["items"] == [read.json()]
        changed = await client.patch(
            path, json={"event_types": None, "active": False}, headers={"If-Match": read.headers["etag"]}
        )
        assert (changed.json()["event_types"], changed.json()["active"]) == (None, False)
        assert changed.json()["description"] == "县局", "what is left out stays"
        assert changed.headers["etag"] != read.headers["etag"]
        assert (await client.delete(path)).status_code == 204
        assert (await client.get(path)).status_code == 404
        assert (await client.get("/webhook-endpoints")).json()["total"] == 0
    entries = await audited(world)
    assert [e.action for e in entries] == [
        "webhook_endpoint.create",
        "webhook_endpoint.update",
        "webhook_endpoint.delete",
    ]
    assert {e.unit for e in entries} == {"division:340822"}
    assert entries[1].before["active"] is True
    assert entries[1].after["active"] is False
    told = json.dumps([[e.before, e.after] for e in entries])
    assert "hooks.example.cn" in told
    assert "very-secret" not in told, "a part of the address may be a password"


async def test_an_update_needs_what_was_seen(world: World) -> None:
    made = await world.endpoint(URL)
    async with world.api() as client:
        path = f"/webhook-endpoints/{made['id']}"
        assert (await client.patch(path, json={"active": False})).status_code == 428
        stale = await client.patch(path, json={"active": False}, headers={"If-Match": '"7"'})
        assert stale.status_code == 412


@pytest.mark.parametrize(
    ("role", "claims"),
    [
        (Role.COUNTY_CLERK, {"division": QIANSHAN}),
        (Role.UNIT_REPORTER, {"member": str(COLLEGE)}),
        (Role.SECRETARIAT_CLERK, {}),
        (Role.COUNTY_CLERK, {"alliance": PRACTICE}),
    ],
)
async def test_others_do_not_learn_that_it_is_there(world: World, role: Role, claims: dict[str, Any]) -> None:
    made = await world.endpoint(URL)
    async with world.api() as client:
        sent = (await client.post(f"/webhook-endpoints/{made['id']}/test")).json()
    path, delivery = f"/webhook-endpoints/{made['id']}", f"/webhook-deliveries/{sent['id']}"
    seen = {"If-Match": '"1"'}
    async with world.api(role, **claims) as client:
        answers = [
            await client.get(path),
            await client.patch(path, json={"active": False}, headers=seen),
            await client.delete(path),
            await client.post(f"{path}/secret-rotation"),
            await client.post(f"{path}/test"),
            await client.post(f"{path}/replay", json={"from": "2020-01-01T00:00:00Z"}),
            await client.get(delivery),
            await client.post(f"{delivery}/replay"),
        ]
        assert [a.status_code for a in answers] == [404] * len(answers)
        assert (await client.get("/webhook-endpoints")).json()["items"] == []
        assert (await client.get("/webhook-deliveries")).json()["total"] == 0
        assert (await client.get("/webhook-deliveries", params={"endpoint": made["id"]})).json()["total"] == 0
    async with world.api(Role.COUNTY_REVIEWER, division="340822") as client:
        assert (await client.get(path)).status_code == 200, "a colleague of the unit sees it"


@pytest.mark.parametrize("role", [Role.LEADER, Role.SYSTEM_ADMIN, Role.SERVICE])
async def test_webhooks_are_for_those_who_may_manage_them(world: World, role: Role) -> None:
    some = uuid4()
    async with world.api(role) as client:
        client.headers["hub-alliance"] = ALLIANCE
        for method, path in [
            ("GET", "/webhook-endpoints"),
            ("POST", "/webhook-endpoints"),
            ("GET", f"/webhook-endpoints/{some}"),
            ("POST", f"/webhook-endpoints/{some}/secret-rotation"),
            ("DELETE", f"/webhook-endpoints/{some}"),
            ("GET", "/webhook-deliveries"),
            ("POST", f"/webhook-deliveries/{some}/replay"),
            ("POST", "/practice/reset"),
        ]:
            answer = await client.request(method, path, json={"url": URL} if method == "POST" else None)
            assert answer.status_code == 403, (method, path)


async def test_the_secret_is_nowhere_in_the_clear(world: World) -> None:
    async with world.api() as client:
        key = {"Idempotency-Key": "make-1"}
        first = await client.post("/webhook-endpoints", json={"url": URL}, headers=key)
        again = await client.post("/webhook-endpoints", json={"url": URL}, headers=key)
        secret = first.json()["secret"]
        rotated = (await client.post(f"/webhook-endpoints/{first.json()['id']}/secret-rotation")).json()["secret"]
    assert again.json() == {**first.json(), "secret": None}
    assert again.headers["idempotent-replay"] == "true"
    async with world.database.read(ALLIANCE) as session:
        (row,) = (await session.scalars(select(Endpoint))).all()
        (kept,) = (await session.scalars(select(idempotency_key.c.body))).all()
        everything = (await session.execute(text("SELECT string_agg(e::text, ' ') FROM webhook_endpoint e"))).scalar()
    seal = Seal(world.settings.webhook_key)
    assert (seal.open(row.secret), seal.open(row.previous_secret or b"")) == (rotated, secret)
    for told in (secret, rotated):
        core = told.removeprefix("whsec_")
        assert core.encode() not in kept
        assert core not in str(everything)
        assert core.encode() not in row.secret


async def test_a_secret_sealed_under_another_key_is_one_sentence(world: World) -> None:
    other = ExchangeSettings(**{**dict(world.settings), "webhook_key": "another-key-of-enough-length-0123456789"})
    with pytest.raises(Unavailable, match="HUB_EXCHANGE_WEBHOOK_KEY"):
        Seal(other.webhook_key).open(Seal(world.settings.webhook_key).close("whsec_x"))


REFUSED = [
    ("hooks", "url_malformed"),
    ("ftp://hooks.example.cn", "url_malformed"),
    ("https://", "url_malformed"),
    ("https:///path", "url_malformed"),
    ("https://hooks.example.cn:99999/", "url_malformed"),
    ("javascript:alert(1)", "url_malformed"),
    ("https://user:pw@hooks.example.cn/", "url_with_login"),
    ("https://hooks.example.cn/#part", "url_with_login"),
    ("http://hooks.example.cn/", "url_not_https"),
    ("https://127.0.0.1/", "url_address_refused"),
    ("https://10.1.2.3/", "url_address_refused"),
    ("https://[::1]/", "url_address_refused"),
    ("https://[::ffff:10.0.0.1]/", "url_address_refused"),
    ("https://169.254.169.254/latest/meta-data", "url_address_refused"),
    ("https://[fe80::1]/", "url_address_refused"),
]


TAKEN = ["https://8.8.8.8/x", "https://教育.example.cn:8443/钩子?a=1", "https://localhost/"]
"""A name is taken whatever it is: where it leads is looked up at each sending."""

WITH_THE_SETTING = {
    "http://10.0.0.1/hook": None,
    "http://127.0.0.1:8080/": None,
    "http://hub.county.internal/": None,
    "http://8.8.8.8/": "url_address_refused",
    "https://169.254.169.254/": "url_address_refused",
    "https://0.0.0.0/": "url_address_refused",
}


def refusal(url: str, *, allow_private: bool) -> str | None:
    """The code with which an address is refused, None when it is taken."""
    try:
        check_url(url, allow_private=allow_private)
    except InvalidInput as error:
        return "; ".join(issue.code for issue in error.issues if issue.field == "url")
    return None


@pytest.mark.parametrize(("url", "code"), REFUSED)
def test_addresses_that_are_not_taken(url: str, code: str) -> None:
    assert refusal(url, allow_private=False) == code


@pytest.mark.parametrize("url", TAKEN)
def test_addresses_that_are_taken(url: str) -> None:
    assert refusal(url, allow_private=False) is None


@pytest.mark.parametrize("url", WITH_THE_SETTING)
def test_addresses_where_private_ones_are_allowed(url: str) -> None:
    assert refusal(url, allow_private=True) == WITH_THE_SETTING[url]


async def test_new_and_changed_addresses_are_checked(world: World) -> None:
    made = await world.endpoint(URL)
    world.settings = world.settings.model_copy(update={"allow_private_addresses": False})
    async with world.api() as client:
        new = await client.post("/webhook-endpoints", json={"url": "https://10.0.0.1/"})
        assert (new.status_code, new.json()["errors"][0]["code"]) == (422, "url_address_refused")
        answer = await client.patch(
            f"/webhook-endpoints/{made['id']}", json={"url": "https://10.0.0.1/"}, headers={"If-Match": "*"}
        )
    assert answer.json()["errors"][0]["code"] == "url_address_refused"


WRONG_FIELDS: list[dict[str, Any]] = [
    {},
    {"url": ""},
    {"url": "https://x.cn/" + "a" * 500},
    {"url": URL, "event_types": []},
    {"url": URL, "event_types": ["claim"]},
    {"url": URL, "event_types": ["Claim.Accepted"]},
    {"url": URL, "event_types": [f"a.b{n}" for n in range(51)]},
    {"url": URL, "owner": "secretariat"},
    {"url": URL, "description": "长" * 201},
    {"url": URL, "active": "maybe"},
]


async def test_wrong_fields_are_refused(world: World) -> None:
    async with world.api() as client:
        for given in WRONG_FIELDS:
            answer = await client.post("/webhook-endpoints", json=given)
            assert (answer.status_code, given) == (422, given)


async def test_a_unit_has_a_bounded_number(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(create_module, "MOST_ENDPOINTS", 2)
    for _ in range(2):
        await world.endpoint(URL)
    async with world.api() as client:
        answer = await client.post("/webhook-endpoints", json={"url": URL})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_endpoints")
    await world.endpoint(URL, role=Role.SECRETARIAT_CLERK)


async def test_a_unit_empties_its_practice_and_nobody_elses(world: World) -> None:
    async with world.api(alliance=PRACTICE) as client:
        made = (await client.post("/webhook-endpoints", json={"url": URL})).json()
        await client.post(f"/webhook-endpoints/{made['id']}/test")
    async with world.api(alliance=PRACTICE, division=QIANSHAN) as client:
        await client.post("/webhook-endpoints", json={"url": URL})
    real = await world.endpoint(URL)
    async with world.api(alliance=PRACTICE) as client:
        emptied = await client.post("/practice/reset")
        assert emptied.json() == {"removed": {"webhook_delivery": 1, "webhook_endpoint": 1}}
        assert (await client.get("/webhook-endpoints")).json()["items"] == []
    async with world.api(alliance=PRACTICE, division=QIANSHAN) as client:
        assert (await client.get("/webhook-endpoints")).json()["total"] == 1
    async with world.api() as client:
        refused = await client.post("/practice/reset")
        assert (refused.status_code, refused.json()["code"]) == (409, "not_a_practice_alliance")
        assert (await client.get(f"/webhook-endpoints/{real['id']}")).status_code == 200
