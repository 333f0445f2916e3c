"""A stand-in for one process of the hub: answers /readyz, and obeys the orders in FAKE_ORDERS (`name:order`).

Orders: `die` exits with 7 after it became ready, `never` never becomes ready, `deaf` ignores SIGTERM.
"""

import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

ANSWERS = {
    True: b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    False: b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n",
}


def listen(address: str) -> socket.socket:
    parts = urlsplit(address)
    if parts.scheme == "unix":
        Path(parts.path).unlink(missing_ok=True)  # of one that was killed
        server = socket.socket(socket.AF_UNIX)
        server.bind(parts.path)
    else:
        server = socket.create_server((parts.hostname or "", parts.port or 0))
    server.listen()
    return server


def main() -> None:
    name, address = sys.argv[1:]
    orders = dict(part.split(":") for part in os.environ.get("FAKE_ORDERS", "").split(",") if part)
    order = orders.get(name, "")
    if order == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if pids := os.environ.get("FAKE_PIDS"):
        written = Path(pids) / f"{name}.new"
        written.write_text(str(os.getpid()))
        written.replace(Path(pids) / name)  # whoever reads it never sees half of it
    sys.stdout.write(f"{name} speaks\n")
    sys.stdout.flush()
    if order == "die":
        threading.Timer(1.0, os._exit, [7]).start()
    if address == "-":
        time.sleep(600)
    server = listen(address)
    while True:
        stream, _ = server.accept()
        with stream:
            stream.recv(1024)
            stream.sendall(ANSWERS[order != "never"])


main()
