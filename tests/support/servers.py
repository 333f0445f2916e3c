"""A real uvicorn server on a unix socket in a thread, for what must be asked over HTTP."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn


@contextmanager
def serving(app: Any, socket: Path) -> Iterator[str]:
    """Serve an ASGI application on a unix socket; yields its upstream address."""
    config = uvicorn.Config(app, uds=str(socket), log_config=None, lifespan="on", timeout_graceful_shutdown=1)
    instance = uvicorn.Server(config)
    thread = threading.Thread(target=instance.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not instance.started:
        if time.monotonic() > deadline:
            raise RuntimeError("the test server did not start")
        time.sleep(0.01)
    try:
        yield f"unix://{socket}"
    finally:
        instance.should_exit = True
        thread.join(timeout=10)
