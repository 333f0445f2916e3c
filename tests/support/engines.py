"""What every test would do anew: each makes an application, and so an engine that has compiled no statement yet."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from services.kernel import database


@contextmanager
def compiled_once() -> Iterator[None]:
    """Within, engines on one database share their dialect and the statements that it has compiled, not connections.

    A process of the hub has one engine and keeps both as long as it lives; here many engines follow one another.
    """
    first: dict[str, Engine] = {}

    def create(url: str, **options: Any) -> AsyncEngine:
        made = create_async_engine(url, **options)
        known = first.setdefault(url, made.sync_engine)
        made.sync_engine.dialect, made.sync_engine._compiled_cache = known.dialect, known._compiled_cache
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "create_async_engine", create)
        yield
