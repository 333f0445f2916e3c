"""What is written down: no credential in readable form anywhere; the migration builds what the code reads."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from services.identity.passwords import Passwords
from services.identity.tables import Base
from tests.identity.world import (
    AUTHORIZE,
    CLERK,
    REVOKE,
    TOKEN,
    VERIFIER,
    Play,
    World,
    authorize_url,
    identity_settings,
    parameters,
)
from tests.support.tokens import ISSUER

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'identity' AND tablename <> 'schema_version'"
# What a browser or a county's program may send where the hub reads text.
ANYTHING = st.text(max_size=60) | st.sampled_from(["anqing." + "x" * 43, "\x00", '"', "frontend", "S256", "code"])


async def everything(world: World) -> str:
    """Every row of every table as text; bytes appear as they would read to somebody with a copy of the database."""
    found = []
    for table in await world.rows(TABLES):
        for row in await world.rows(f'SELECT * FROM "{table.tablename}"'):
            found += [value.decode("latin-1") if isinstance(value, bytes) else str(value) for value in row]
    return "\n".join(found)


def test_no_code_token_cookie_secret_password_or_private_key_is_stored_as_it_is(play: Play) -> None:
    async def story(world: World) -> None:
        browser = world.browser()
        async with world.oauth() as client:
            back = await browser.sign_in(authorize_url(client), CLERK.username, world.password)
            code = parameters(back)["code"]
            first = await client.fetch_token(TOKEN, grant_type="authorization_code", code=code, code_verifier=VERIFIER)
            second = await client.refresh_token(TOKEN, refresh_token=first["refresh_token"])
        issued = [code, *browser.http.cookies.values()]
        issued += [tokens[kind] for tokens in (first, second) for kind in ("access_token", "refresh_token")]
        known = [world.password, world.frontend_secret, *world.service_secrets.values(), VERIFIER]
        stored = await everything(world)
        assert str(world.clock.now().year) in stored
        assert len(issued) >= 6
        for credential in [*issued, *known]:
            assert credential not in stored
            assert credential.removeprefix("anqing.") not in stored
        assert "PRIVATE KEY" not in stored
        assert "$argon2id$" in stored

    play(story)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(password=st.text(st.characters(exclude_categories=["Cs"]), min_size=12, max_size=40))
def test_any_password_is_verified_and_not_readable_in_its_hash(tmp_path: Path, password: str) -> None:
    hashed = Passwords(identity_settings("postgresql+asyncpg://x/y", tmp_path))
    stored = asyncio.run(hashed.hash(password))
    assert password not in stored
    assert asyncio.run(hashed.verify(stored, password))
    assert not asyncio.run(hashed.verify(stored, password + "x"))
    assert not asyncio.run(hashed.verify(None, password))


def test_no_input_makes_the_endpoints_fail(play: Play) -> None:
    """Whatever is sent is answered, never with 5xx and never with a redirect to a place that is not registered."""

    async def story(world: World) -> None:
        cases = _cases()
        async with httpx.AsyncClient(transport=world.transport, base_url=ISSUER) as http:
            for query, form, header in cases:
                answers = [
                    await http.get(AUTHORIZE, params=query),
                    await http.post(AUTHORIZE, params=query, data=form),
                    await http.post(TOKEN, data=form, headers={"Authorization": header}),
                    await http.post(TOKEN, data=form, auth=("frontend", world.frontend_secret)),
                    await http.post(REVOKE, data=form, auth=("frontend", world.frontend_secret)),
                    await http.post("/oauth/introspect", data=form, auth=("frontend", world.frontend_secret)),
                    await http.get("/oauth/logout", params=query),
                    await http.post("/oauth/logout", data={**form, **query}),
                ]
                for answer in answers:
                    assert answer.status_code < 500, (answer.text, query, form)
                    assert answer.headers.get("location", ISSUER).startswith((ISSUER, "/oauth/authorize?"))

    play(story)


def _cases() -> list[tuple[dict[str, str], dict[str, str], str]]:
    names = ["response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"]
    names += ["prompt", "max_age", "nonce", "resource", "id_token_hint", "post_logout_redirect_uri", "login_hint"]
    fields = ["grant_type", "code", "refresh_token", "token", "redirect_uri", "code_verifier", "scope", "username"]
    fields += ["client_id", "client_secret", "client_assertion", "client_assertion_type", "resource", "token_type_hint"]
    fixed = {"response_type": "code", "client_id": "frontend"}
    drawn: list[tuple[dict[str, str], dict[str, str], str]] = []

    @settings(max_examples=25, deadline=None, database=None)
    @given(
        st.dictionaries(st.sampled_from(names), ANYTHING),
        st.dictionaries(st.sampled_from(fields), ANYTHING),
        st.sampled_from(["authorization_code", "refresh_token", "client_credentials", "x"]),
        st.booleans(),
        st.binary(max_size=20),
    )
    def draw(query: dict[str, str], form: dict[str, str], grant: str, sound: bool, raw: bytes) -> None:
        header = "Basic " + raw.hex()
        drawn.append(({**(fixed if sound else {}), **query}, {**form, "grant_type": grant}, header))

    draw()
    return drawn


def test_a_form_that_is_too_large_or_unreadable_is_refused(play: Play) -> None:
    async def story(world: World) -> None:
        auth = ("frontend", world.frontend_secret)
        async with httpx.AsyncClient(transport=world.transport) as http:
            assert (await http.post(TOKEN, content=b"a=" + b"x" * 70_000, auth=auth)).status_code == 413
            assert (await http.post(TOKEN, content=b"&".join([b"a=1"] * 60), auth=auth)).status_code == 422
            assert (await http.post(TOKEN, content=b"\xff\xfe=1", auth=auth)).status_code == 422

    play(story)


def test_the_migration_builds_the_tables_that_the_code_reads(identity_url: str) -> None:
    def differences(connection: Connection) -> list[Any]:
        ours = set(Base.metadata.tables)
        options = {"include_name": lambda name, kind, _parents: kind != "table" or name in ours}
        found = compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)
        return [change for change in found if change[0] != "remove_table_comment"]  # comments stand in migrations

    async def body() -> list[Any]:
        engine = create_async_engine(identity_url)
        try:
            async with engine.connect() as connection:
                return await connection.run_sync(differences)
        finally:
            await engine.dispose()

    assert asyncio.run(body()) == []


def test_every_table_of_an_alliance_has_row_level_security(play: Play) -> None:
    async def story(world: World) -> None:
        open_tables = await world.rows(
            "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_attribute a ON "
            "attrelid = c.oid AND attname = 'alliance' WHERE nspname = 'identity' AND relkind = 'r' "
            "AND NOT relrowsecurity"
        )
        # a client is looked up before anybody knows for which alliance it speaks; the column says so afterwards
        assert [row.relname for row in open_tables] == ["oauth_client"]

    play(story)


def test_what_ended_a_week_ago_is_purged_and_what_lives_stays(play: Play) -> None:
    async def story(world: World) -> None:
        await world.tokens()
        counted = "SELECT (SELECT count(*) FROM authorization_code), (SELECT count(*) FROM login_session), "
        counted += "(SELECT count(*) FROM refresh_token), (SELECT count(*) FROM account)"
        assert tuple((await world.rows(counted))[0]) == (1, 1, 1, 2)
        world.clock.advance(timedelta(days=8))
        await world.bootstrap()
        assert tuple((await world.rows(counted))[0]) == (0, 0, 0, 2)

    play(story)
