"""`/identity-providers`: what the system administrator sets up, what is refused, and that no secret comes out."""

from typing import Any
from uuid import uuid4

from services.identity.federation.config import CONFIGS, Kind
from services.kernel.permissions import GRANTS, Permission, Role
from tests.identity.federation.conftest import Peer
from tests.identity.federation.travel import add_provider, bind, callback_of, execute, parts_of, provider_id
from tests.identity.office import Office, Worker
from tests.identity.world import Play, World

PATH = "/identity-providers"
SECRET = "a-secret-of-the-units-system"
OIDC = {"issuer": "https://sso.example.edu.cn", "client_id": "hub"}
SOUND: dict[str, dict[str, Any]] = {
    "oidc": OIDC,
    "oauth2": {
        "authorize_url": "https://a.example/authorize?tenant=1",
        "token_url": "https://a.example/token",
        "userinfo_url": "https://a.example/me",
        "client_id": "hub",
        "subject_field": "data.id",
    },
    "cas": {"base_url": "https://cas.example.edu.cn/cas/"},
    "wecom": {"corp_id": "ww1", "agent_id": "1000002"},
    "dingtalk": {"client_id": "ding1"},
}


async def chief_of(world: World) -> tuple[Office, Worker]:
    office = Office(world)
    return office, await office.hire("chief", Role.SYSTEM_ADMIN)


def draft(kind: str = "oidc", **changes: Any) -> dict[str, Any]:
    secret = {} if kind == "cas" else {"secret": SECRET}
    return {"kind": kind, "name": f"示例{kind}", "config": SOUND[kind], **secret, **changes}


def test_each_kind_is_made_read_changed_and_never_tells_its_secret(play: Play) -> None:
    async def story(world: World) -> None:
        office, chief = await chief_of(world)
        for kind in SOUND:
            made = await office.call(chief, "POST", PATH, draft(kind), Idempotency_Key=kind)
            assert made.status_code == 201, made.text
            read = made.json()
            assert made.headers["location"] == f"/api/identity/v1{PATH}/{read['id']}"
            assert read["callback_url"] == callback_of(read["id"])
            assert (read["has_secret"], read["active"]) == (kind != "cas", True)
            assert set(read["config"]) == set(CONFIGS[Kind(kind)].model_fields)
            assert SECRET not in made.text
            again = await office.call(chief, "POST", PATH, draft(kind), Idempotency_Key=kind)
            assert again.json() == read
        listed = await office.get(chief, PATH)
        assert (listed["total"], SECRET in str(listed)) == (5, False)
        assert (await world.rows("SELECT config FROM identity_provider WHERE kind = 'cas'"))[0].config["base_url"] == (
            "https://cas.example.edu.cn/cas"
        )
        one = next(item for item in listed["items"] if item["kind"] == "oidc")
        sealed = (await world.rows("SELECT secret FROM identity_provider WHERE kind = 'oidc'"))[0].secret
        assert parts_of(world).keyring.open_provider(sealed) == SECRET
        assert SECRET.encode() not in sealed

        path = f"{PATH}/{one['id']}"
        assert await office.refused(chief, "PATCH", path, {"name": "新名"}) == (428, "precondition_missing")
        stale = await office.call(chief, "PATCH", path, {"name": "新名"}, If_Match='"9"')
        assert stale.status_code == 412
        tag = (await office.call(chief, "GET", path)).headers["etag"]
        body = {"name": "新名", "active": False, "secret": "another-secret"}
        changed = await office.call(chief, "PATCH", path, body, If_Match=tag)
        assert changed.status_code == 200
        assert (changed.json()["name"], changed.json()["active"]) == ("新名", False)
        assert changed.headers["etag"] != tag
        sealed = (await world.rows("SELECT secret FROM identity_provider WHERE kind = 'oidc'"))[0].secret
        assert parts_of(world).keyring.open_provider(sealed) == "another-secret"
        same = await office.call(chief, "PATCH", path, {"name": "新名"}, If_Match=changed.headers["etag"])
        assert same.headers["etag"] == changed.headers["etag"]
        actions = [action for action, _ in await office.actions("identity_provider")]
        assert actions == ["identity_provider.create"] * 5 + ["identity_provider.update"]
        audited = str(await world.rows("SELECT a::text FROM audit_entry a"))
        assert SECRET not in audited
        assert "another-secret" not in audited

    play(story)


WRONG: list[tuple[str, dict[str, Any], set[str]]] = [
    ("oidc", {"secret": None}, {"secret"}),
    ("cas", {"secret": SECRET}, {"secret"}),
    ("oidc", {"member": str(uuid4()), "division": "340822"}, {"division"}),
    ("oidc", {"config": {}}, {"config.issuer", "config.client_id"}),
    ("oidc", {"config": {**OIDC, "issuer": "http://sso.example.edu.cn"}}, {"config.issuer"}),
    ("oidc", {"config": {**OIDC, "issuer": "https://u:p@sso.example.edu.cn"}}, {"config.issuer"}),
    ("oidc", {"config": {**OIDC, "issuer": "https://sso.example.edu.cn?a=1"}}, {"config.issuer"}),
    ("oidc", {"config": {**OIDC, "issuer": "https://sso.example.edu.cn/#a"}}, {"config.issuer"}),
    ("oidc", {"config": {**OIDC, "issuer": "https://[::1"}}, {"config.issuer"}),
    ("oidc", {"config": {**OIDC, "issuer": "file:///etc/passwd"}}, {"config.issuer"}),
    ("oidc", {"config": {**OIDC, "issuer": "https://sso .example"}}, {"config.issuer"}),
    ("oidc", {"config": {**OIDC, "issuer": 7}}, {"config.issuer"}),
    ("oidc", {"config": {**OIDC, "algorithm": "HS256"}}, {"config.algorithm"}),
    ("oidc", {"config": {**OIDC, "algorithm": "none"}}, {"config.algorithm"}),
    ("oidc", {"config": {**OIDC, "client_id": "a\x00b"}}, {"config.client_id"}),
    ("oidc", {"config": {**OIDC, "secret": SECRET}}, {"config.secret"}),
    ("oidc", {"config": {**OIDC, "scope": "profile openidx"}}, {"config.scope"}),
    ("cas", {"config": {"base_url": "https://cas.example/cas", "name_attribute": "a b"}}, {"config.name_attribute"}),
    ("oauth2", {"config": {**SOUND["oauth2"], "subject_field": ""}}, {"config.subject_field"}),
]


def test_whatever_is_wrong_is_told_at_once_in_chinese(play: Play) -> None:
    async def story(world: World) -> None:
        office, chief = await chief_of(world)
        for kind, changes, fields in WRONG:
            body = {name: value for name, value in draft(kind, **changes).items() if value is not None}
            answer = await office.call(chief, "POST", PATH, body)
            assert answer.status_code == 422, (changes, answer.text)
            errors = answer.json()["errors"]
            assert {error["field"] for error in errors} == fields
            assert not any(error["message"].isascii() for error in errors)
        assert await world.rows("SELECT 1 FROM identity_provider") == []

    play(story)


def test_only_who_manages_accounts_may_and_names_are_unique(play: Play) -> None:
    async def story(world: World) -> None:
        office, chief = await chief_of(world)
        await office.post(chief, PATH, draft(), 201)
        assert await office.refused(chief, "POST", PATH, draft()) == (
            409,
            "constraint_uq_identity_provider_alliance_name",
        )
        for path in (f"{PATH}/{uuid4()}",):
            assert await office.refused(chief, "GET", path) == (404, "identity_provider_unknown")
            assert await office.refused(chief, "POST", f"{path}/check") == (404, "identity_provider_unknown")
        for role in (Role.SECURITY_ADMIN, Role.SECRETARIAT_HEAD, Role.COUNTY_CLERK, Role.UNIT_REVIEWER):
            assert Permission.ACCOUNTS_MANAGE not in GRANTS[role]
            worker = await office.hire(f"a-{role.value.replace('_', '-')}", role)
            for method, path in (("GET", PATH), ("GET", f"{PATH}/kinds"), ("POST", PATH)):
                assert await office.refused(worker, method, path, draft() if method == "POST" else None) == (
                    403,
                    "forbidden",
                )

    play(story)


def test_what_gives_subjects_their_meaning_stays_while_people_are_bound(play: Play) -> None:
    async def story(world: World) -> None:
        office, chief = await chief_of(world)
        await add_provider(world, 1, Kind.OIDC, OIDC, SECRET)
        path = f"{PATH}/{provider_id(1)}"
        moved = {"config": {**OIDC, "issuer": "https://other.example"}}
        await bind(world, provider_id(1), "u1")
        answer = await office.call(chief, "PATCH", path, moved, If_Match="*")
        assert (answer.status_code, answer.json()["code"]) == (409, "identity_provider_in_use")
        assert "1 人" in answer.json()["detail"]
        harmless = {"config": {**OIDC, "client_id": "hub-2", "algorithm": "ES256"}}
        assert (await office.call(chief, "PATCH", path, harmless, If_Match="*")).status_code == 200

    play(story)


def test_the_kinds_tell_a_form_what_to_ask(play: Play) -> None:
    async def story(world: World) -> None:
        office, chief = await chief_of(world)
        kinds = {item["kind"]: item for item in (await office.get(chief, f"{PATH}/kinds"))["items"]}
        assert set(kinds) == {"oidc", "oauth2", "cas", "wecom", "dingtalk"}
        for kind, told in kinds.items():
            names = [field["name"] for field in told["fields"]]
            assert names == [*CONFIGS[Kind(kind)].model_fields, *(["secret"] if kind != "cas" else [])]
            assert all(not field["label"].isascii() for field in told["fields"])
        algorithm = next(field for field in kinds["oidc"]["fields"] if field["name"] == "algorithm")
        assert (algorithm["kind"], algorithm["choices"]) == ("choice", ["RS256", "PS256", "ES256"])
        flag = next(field for field in kinds["oauth2"]["fields"] if field["name"] == "pkce")
        assert (flag["kind"], flag["default"]) == ("flag", True)

    play(story)


def test_a_check_says_in_chinese_what_is_wrong(play: Play, oidc_provider: Peer) -> None:
    async def story(world: World) -> None:
        office, chief = await chief_of(world)
        good = {"issuer": oidc_provider.url, "client_id": "hub-RS256"}

        async def checked(config: dict[str, Any], secret: str = oidc_provider.secret) -> tuple[bool, str, str]:
            body = draft(config=config, secret=secret, name=str(uuid4()))
            made = await office.post(chief, PATH, body, 201)
            told = await office.post(chief, f"{PATH}/{made['id']}/check")
            assert told["callback_url"] == made["callback_url"]
            return told["ok"], told["code"], told["message"]

        # The peer knows fixed callbacks only, and complains of the code before it looks at the address.
        assert (await checked(good))[:2] == (True, "ok")
        ok, code, message = await checked(good, "a-wrong-secret")
        assert (ok, code) == (False, "invalid_client")
        assert "密钥" in message
        assert (await checked({**good, "issuer": f"{oidc_provider.url}/nowhere"}))[1] == "document_missing"
        assert (await checked({**good, "issuer": "http://127.0.0.1:1"}))[1] == "federation_provider_down"
        assert len(await office.actions("identity_provider.check")) == 4

        # A secret that was sealed under another HUB_IDENTITY_KEY_SECRET.
        made = await office.post(chief, PATH, draft(config=good), 201)
        await execute(world, "UPDATE identity_provider SET secret = 'sealed-by-another'")
        told = await office.post(chief, f"{PATH}/{made['id']}/check")
        assert (told["ok"], "HUB_IDENTITY_KEY_SECRET" in told["message"]) == (False, True)

    play(story, federation_private_addresses=True)
