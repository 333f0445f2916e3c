"""The session store: what it keeps, for how long, and what a thief of the folder would find."""

import asyncio
import base64
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from frontend.session import SEEN_STEP, SessionStore, Tokens, User, cipher_of
from services.kernel.clock import FixedClock

pytestmark = pytest.mark.anyio
START = datetime(2025, 12, 1, 4, 0, tzinfo=UTC)
IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=10)
USER = User(sub="1", name="王琳", role="secretariat_clerk", alliance="anqing")
TOKENS = Tokens(access_token="access-1", refresh_token="refresh-1", expires_at=1)


def new_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def store_in(folder: Path, clock: FixedClock, key: str | None = None) -> SessionStore:
    return SessionStore(folder, cipher_of(key or new_key()), clock, IDLE, ABSOLUTE)


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock) -> SessionStore:
    return store_in(tmp_path / "sessions", clock)


async def test_a_session_comes_back_as_it_was(store: SessionStore) -> None:
    made = await store.create(USER, TOKENS)
    assert await store.load(made.id) == made
    assert len(made.id) >= 43
    assert made.csrf_token != made.id


async def test_ids_and_csrf_tokens_are_never_the_same_twice(store: SessionStore) -> None:
    made = [await store.create(USER, TOKENS) for _ in range(20)]
    assert len({s.id for s in made} | {s.csrf_token for s in made}) == 40


async def test_the_id_stands_neither_in_the_name_nor_in_the_content(store: SessionStore) -> None:
    made = await store.create(USER, TOKENS)
    (path,) = store.folder.iterdir()
    assert made.id not in path.name
    assert made.id.encode() not in store.cipher.decrypt(path.read_bytes())


@pytest.mark.parametrize("unknown", ["", "x", "../../etc/passwd", "a" * 5000, "\x00"])
async def test_an_unknown_id_is_no_session(store: SessionStore, unknown: str) -> None:
    await store.create(USER, TOKENS)
    assert await store.load(unknown) is None


async def test_another_key_cannot_read_it(store: SessionStore, clock: FixedClock) -> None:
    made = await store.create(USER, TOKENS)
    assert await store_in(store.folder, clock).load(made.id) is None


async def test_a_tampered_file_is_no_session(store: SessionStore) -> None:
    made = await store.create(USER, TOKENS)
    (path,) = store.folder.iterdir()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert await store.load(made.id) is None


async def test_a_session_of_one_id_cannot_be_read_under_another(store: SessionStore) -> None:
    first, second = await store.create(USER, TOKENS), await store.create(USER, TOKENS)
    await store.delete(first.id)
    assert await store.load(first.id) is None
    assert await store.load(second.id) is not None


async def test_noting_a_visit_never_brings_back_older_tokens(store: SessionStore, clock: FixedClock) -> None:
    made = await store.create(USER, TOKENS)
    visitor = await store.load(made.id)
    assert visitor is not None
    visitor.tokens = Tokens(access_token="access-2", refresh_token="refresh-2", expires_at=2)
    clock.advance(timedelta(minutes=5))
    await store.save(visitor)
    await asyncio.gather(*(store.load(made.id) for _ in range(10)))
    again = await store.load(made.id)
    assert again is not None
    assert again.tokens.refresh_token == "refresh-2"


async def test_deleting_twice_is_no_error(store: SessionStore) -> None:
    made = await store.create(USER, TOKENS)
    await store.delete(made.id)
    await store.delete(made.id)
    assert list(store.folder.iterdir()) == []


@given(steps=st.lists(st.integers(min_value=1, max_value=3600), min_size=1, max_size=25))
@examples(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_session_lives_exactly_as_long_as_both_limits_allow(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int]
) -> None:
    clock = FixedClock(START)
    store = store_in(tmp_path_factory.mktemp("sessions"), clock)
    made = await store.create(USER, TOKENS)
    alive, seen = True, clock.now()
    for seconds in steps:
        clock.advance(timedelta(seconds=seconds))
        alive = alive and clock.now() - seen < IDLE and clock.now() - START < ABSOLUTE
        if alive and clock.now() - seen >= SEEN_STEP:
            seen = clock.now()
        assert (await store.load(made.id) is not None) == alive
    assert len(list(store.folder.iterdir())) == int(alive)


async def test_the_sweep_removes_what_is_over_and_nothing_else(store: SessionStore, clock: FixedClock) -> None:
    await store.create(USER, TOKENS)
    clock.advance(timedelta(minutes=20))
    fresh = await store.create(USER, TOKENS)
    (store.folder / ("0" * 64 + ".session")).write_bytes(b"not a session")
    clock.advance(timedelta(minutes=15))
    assert await store.sweep() == 2
    assert await store.load(fresh.id) is not None


async def test_one_session_has_one_lock_and_two_have_two(store: SessionStore) -> None:
    lock = store.lock("a")
    assert store.lock("a") is lock
    assert store.lock("b") is not lock


@pytest.mark.parametrize("key", ["", "short", "x" * 43 + "!", base64.urlsafe_b64encode(b"1" * 31).decode()])
def test_a_key_of_the_wrong_length_is_refused_without_being_repeated(key: str) -> None:
    with pytest.raises(ValueError, match="32 random bytes") as caught:
        cipher_of(key)
    assert not key or key not in str(caught.value)


def test_a_key_may_lack_its_padding() -> None:
    key = new_key()
    sealed = cipher_of(key).encrypt(b"x")
    assert cipher_of(key.rstrip("=")).decrypt(sealed) == b"x"
