"""Machine clients of counties and third parties' applications: who may make, see, rotate and revoke them."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OctKey, RSAKey

from services.identity.client_rules import address_issues, key_issues
from services.kernel.permissions import MACHINE_PERMISSIONS, Role
from tests.identity.office import Office, Worker
from tests.identity.registrations import APP_CALLBACK
from tests.identity.world import TOKEN, Play, World
from tests.support.tokens import ISSUER

NEW = {"name": "怀宁县学籍系统", "division": "340822"}
APP = {"name": "排课系统", "redirect_uris": [APP_CALLBACK]}


async def tokens_of(world: World, client: dict[str, Any], **asked: str) -> httpx.Response:
    """Client credentials by HTTP Basic."""
    auth = (client["client_id"], client["client_secret"])
    async with httpx.AsyncClient(transport=world.transport) as http:
        return await http.post(TOKEN, data={"grant_type": "client_credentials", **asked}, auth=auth)


async def me(world: World, token: str) -> httpx.Response:
    await world.app.state.verifier.revocations.refresh()
    async with httpx.AsyncClient(transport=world.transport, base_url=ISSUER) as http:
        return await http.get("/api/identity/v1/me", headers={"Authorization": f"Bearer {token}"})


def test_the_secretariat_makes_a_client_that_speaks_for_its_county(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        clerk = await office.hire("jingban", Role.SECRETARIAT_CLERK)
        made = await office.post(clerk, "/clients", {**NEW, "description": "每日报送名册"}, 201)
        expected = {
            **NEW,
            "description": "每日报送名册",
            "division_name": "怀宁县",
            "practice": False,
            "auth_method": "client_secret_basic",
            "scopes": sorted(MACHINE_PERMISSIONS),
            "active": True,
            "created_by": str(clerk.account),
            "revoked_at": None,
            "last_used_at": None,
        }
        assert {name: made[name] for name in expected} == expected
        granted = (await tokens_of(world, made)).json()
        told = (await me(world, granted["access_token"])).json()
        assert told["subject"] == told["client_id"] == made["client_id"]
        assert (told["role"], told["division"], told["name"]) == ("county_clerk", "340822", NEW["name"])
        assert (told["alliance"], told["unit_name"], told["practice"]) == ("anqing", "怀宁县", False)
        assert set(told["scopes"]) == MACHINE_PERMISSIONS
        claims = await world.verifier().verify(granted["access_token"])
        assert (claims["gen"], "sid" in claims, "post" in claims, "amr" in claims) == (1, False, False, False)
        assert "refresh_token" not in granted
        listed = await office.get(clerk, "/clients?sort=-created_at")
        assert (listed["total"], listed["next_cursor"]) == (1, None)
        shown = await office.get(clerk, f"/clients/{made['client_id']}")
        assert shown == listed["items"][0]
        assert shown["last_used_at"] is not None
        assert "client_secret" not in shown
        practice = await office.post(clerk, "/clients", {**NEW, "practice": True, "scopes": ["registry:read"]}, 201)
        granted = (await tokens_of(world, practice)).json()
        claims = await world.verifier().verify(granted["access_token"])
        assert (claims["alliance"], claims["scope"]) == ("anqing-practice", "registry:read")
        assert [action for action, _ in await office.actions("client.")].count("client.create") == 2
        assert ("client.used", "county_clerk", None) in await world.audited()

    play(story)


def test_a_bureau_keeps_its_own_clients_and_learns_nothing_of_others(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        clerk = await office.hire("jingban", Role.SECRETARIAT_CLERK)
        bureau = await office.hire("huaining", Role.COUNTY_CLERK, division="340822")
        other = await office.hire("yixiu", Role.COUNTY_REVIEWER, division="340811")
        made = await office.post(clerk, "/clients", NEW, 201)
        path = f"/clients/{made['client_id']}"
        assert (await office.get(bureau, "/clients"))["total"] == 1
        assert (await office.get(other, "/clients"))["items"] == []
        old = (await tokens_of(world, made)).json()["access_token"]
        for method, where, body in [
            ("GET", path, None),
            ("POST", f"{path}/rotation", {}),
            ("POST", f"{path}/revocation", {"reason": "猜测"}),
        ]:
            assert await office.refused(other, method, where, body) == (404, "client_unknown")
        assert await office.refused(bureau, "POST", "/clients", NEW) == (403, "forbidden")
        rotated = await office.post(bureau, f"{path}/rotation", {"reason": "定期更换"})
        assert rotated["client_secret"] != made["client_secret"]
        assert (await me(world, old)).json()["code"] == "token_revoked"
        assert (await tokens_of(world, made)).json()["error"] == "invalid_client"
        newer = (await tokens_of(world, rotated)).json()["access_token"]
        assert (await me(world, newer)).status_code == 200
        assert (await office.call(bureau, "POST", f"{path}/revocation", {})).status_code == 422, "a reason is asked for"
        revoked = await office.post(bureau, f"{path}/revocation", {"reason": "系统停用"})
        assert (revoked["active"], revoked["revoked_at"] is not None) == (False, True)
        assert (await me(world, newer)).json()["code"] == "token_revoked"
        assert (await tokens_of(world, rotated)).json()["error"] == "invalid_client"
        for where, body in [("rotation", {}), ("revocation", {"reason": "再次"})]:
            assert await office.refused(clerk, "POST", f"{path}/{where}", body) == (409, "client_revoked")
        told = await office.actions("client.r")
        assert ("client.rotate", "定期更换") in told
        assert ("client.revoke", "系统停用") in told
        assert ("client.refused", "invalid_client") in told

    play(story)


def test_a_countys_program_cannot_change_its_own_keys_or_see_clients(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        made = await office.post(await office.hire("jingban", Role.SECRETARIAT_CLERK), "/clients", NEW, 201)
        token = (await tokens_of(world, made)).json()["access_token"]
        program = Worker(uuid4(), uuid4(), uuid4(), token)
        path = f"/clients/{made['client_id']}"
        assert await office.refused(program, "GET", "/clients") == (403, "forbidden")
        assert await office.refused(program, "POST", f"{path}/rotation", {}) == (403, "forbidden")
        assert (await tokens_of(world, made, scope="clients:own")).json()["error"] == "invalid_scope"

    play(story)


WRONG_CLIENTS: list[tuple[dict[str, Any], str, str]] = [
    ({"division": "340899"}, "division", "division_unknown"),
    ({"division": "420902"}, "division", "division_elsewhere"),
    ({"division": "340800"}, "division", "division_unknown"),
    ({"scopes": ["registry:read", "clients:own"]}, "scopes", "scope_not_allowed"),
    ({"scopes": ["openid"]}, "scopes", "scope_not_allowed"),
    ({"auth_method": "private_key_jwt"}, "jwks", "jwks_unusable"),
    ({"jwks": {"keys": []}}, "jwks", "jwks_unusable"),
]


def test_what_is_wrong_with_a_new_client_is_told_by_field(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        clerk = await office.hire("jingban", Role.SECRETARIAT_HEAD)
        for changes, field, code in WRONG_CLIENTS:
            answer = await office.call(clerk, "POST", "/clients", {**NEW, **changes})
            assert answer.status_code == 422, changes
            assert [(one["field"], one["code"]) for one in answer.json()["errors"]] == [(field, code)], changes
        for changes in ({"division": "34082"}, {"auth_method": "none"}, {"name": " "}, {"role": "service"}):
            assert (await office.call(clerk, "POST", "/clients", {**NEW, **changes})).status_code == 422, changes
        assert (await office.get(clerk, "/clients"))["total"] == 0

    play(story)


def test_a_repeated_request_makes_one_client_and_its_secret_is_nowhere_kept(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        clerk = await office.hire("jingban", Role.SECRETARIAT_CLERK)
        first = await office.call(clerk, "POST", "/clients", NEW, Idempotency_Key="k-1")
        second = await office.call(clerk, "POST", "/clients", NEW, Idempotency_Key="k-1")
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.headers["cache-control"] == "no-store"
        assert first.json()["client_secret"]
        assert second.json() == {**first.json(), "client_secret": None}
        assert (await office.get(clerk, "/clients"))["total"] == 1
        kept = str(await world.rows("SELECT convert_from(body, 'UTF8') FROM idempotency_key"))
        assert first.json()["client_id"] in kept
        assert first.json()["client_secret"] not in kept

    play(story)


def test_clients_are_not_managed_while_practising_nor_by_other_posts(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        clerk = await office.hire("jingban", Role.SECRETARIAT_CLERK)
        practising = await office.sign_in(clerk.account, practice=True)
        assert await office.refused(practising, "GET", "/clients") == (409, "practice_session")
        for role in (Role.UNIT_REPORTER, Role.LEADER, Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN):
            worker = await office.hire(f"p-{role.value.replace('_', '-')}", role)
            assert await office.refused(worker, "GET", "/clients") == (403, "forbidden")
            assert await office.refused(worker, "POST", "/clients", NEW) == (403, "forbidden")
        assert await office.refused(clerk, "GET", "/applications") == (403, "forbidden")
        assert await office.refused(clerk, "POST", "/applications", APP) == (403, "forbidden")

    play(story)


def test_the_system_administrator_registers_changes_and_switches_off_applications(play: Play) -> None:
    async def story(world: World) -> None:
        office = Office(world)
        admin = await office.hire("xitong", Role.SYSTEM_ADMIN)
        answer = await office.call(admin, "POST", "/applications", APP)
        made = answer.json()
        assert (answer.status_code, made["scopes"], made["active"]) == (201, ["openid", "profile"], True)
        assert made["client_secret"]
        path = f"/applications/{made['client_id']}"
        shown = await office.call(admin, "GET", path)
        assert shown.headers["etag"] == answer.headers["etag"]
        assert shown.json() == {name: value for name, value in made.items() if name != "client_secret"}
        change = {"name": "排课系统二期", "scopes": ["openid"]}
        assert (await office.call(admin, "PATCH", path, change)).status_code == 428
        stale = await office.call(admin, "PATCH", path, change, If_Match='"1.000000"')
        assert stale.status_code == 412
        world.clock.advance(timedelta(seconds=1))
        done = await office.call(admin, "PATCH", path, change, If_Match=shown.headers["etag"])
        assert (done.status_code, done.json()["name"], done.json()["scopes"]) == (200, "排课系统二期", ["openid"])
        bad = {"redirect_uris": ["http://app.example.org/"], "scopes": ["snapshot:read"]}
        refused = await office.call(admin, "PATCH", path, bad, If_Match=done.headers["etag"])
        codes = {one["code"] for one in refused.json()["errors"]}
        assert codes == {"address_malformed", "scope_not_allowed"}
        off = await office.call(admin, "PATCH", path, {"active": False}, If_Match=done.headers["etag"])
        assert off.json()["active"] is False
        least = await world.rows("SELECT generation FROM revocation WHERE kind = 'client'")
        assert [row.generation for row in least] == [3], "narrower scopes, then switched off"
        rotated = await office.post(admin, f"{path}/rotation", {})
        assert rotated["client_secret"] not in (None, made["client_secret"])
        public = await office.post(admin, "/applications", {**APP, "auth_method": "none"}, 201)
        assert public["client_secret"] is None
        where = f"/applications/{public['client_id']}/rotation"
        assert await office.refused(admin, "POST", where, {}) == (409, "no_credentials")
        assert (await office.get(admin, "/applications"))["total"] == 2
        assert await office.refused(admin, "GET", "/applications/frontend") == (404, "client_unknown")

    play(story)


@pytest.mark.parametrize(
    "address",
    [
        "http://app.example.org/cb",
        "https://app.example.org/cb#part",
        "https://user:pw@app.example.org/cb",
        "https://*.example.org/cb",
        "https:///cb",
        "//app.example.org/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://app.example.org/c b",
        "https://应用.example.org/",
        "https://app.example.org:port/",
        "",
    ],
)
def test_addresses_that_no_browser_should_be_sent_to_are_refused(address: str) -> None:
    assert [issue.code for issue in address_issues("redirect_uris", [address])] == ["address_malformed"]


@pytest.mark.parametrize("address", ["https://app.example.org/cb?x=1", "http://127.0.0.1:8123/cb", "http://[::1]/cb"])
def test_addresses_that_are_safe_are_taken(address: str) -> None:
    assert address_issues("redirect_uris", [address]) == []


def jwk(key: Any, **changes: Any) -> dict[str, Any]:
    return {**key.as_dict(private=False), **changes}


def test_only_public_keys_of_good_strength_are_taken() -> None:
    rsa = RSAKey.generate_key(2048)
    with pytest.warns(SecurityWarning):
        small = RSAKey.generate_key(1024)
    p256, p384 = ECKey.generate_key("P-256"), ECKey.generate_key("P-384")
    taken = [[jwk(rsa)], [jwk(p256)], [jwk(rsa, kid="a"), jwk(p256, kid="b")]]
    for keys in taken:
        assert key_issues("private_key_jwt", {"keys": keys}) == []
    refused: list[Any] = [
        [],
        "x",
        [1],
        [jwk(small)],
        [jwk(p384)],
        [rsa.as_dict(private=True)],
        [OctKey.generate_key(256).as_dict(private=True)],
        [jwk(rsa), jwk(p256)],
        [jwk(rsa, kid="a"), jwk(p256, kid="a")],
        [{"kty": "RSA"}],
        [{"kty": "XYZ"}],
        [jwk(p256, kty="OKP")],
        [jwk(p256, x="短")],
        [jwk(rsa, n="\ud800")],
        [jwk(rsa, kid=str(number)) for number in range(6)],
    ]
    for keys in refused:
        assert [issue.code for issue in key_issues("private_key_jwt", {"keys": keys})] == ["jwks_unusable"], keys
