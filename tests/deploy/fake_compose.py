"""A stand-in for `docker compose`: what the scripts would run in a container it runs here, on a test's own server.

`run` and `exec` start real programs; PATH has PostgreSQL's, and FAKE_FILES is what the containers see as the volume of
files. Every call is noted in FAKE_LOG. A stopped hub shows as the file FAKE_LOG.stopped.
"""

import os
import sys
from pathlib import Path

VOLUME = "/var/lib/hub/files"


def main(arguments: list[str]) -> None:
    log = Path(os.environ["FAKE_LOG"])
    with log.open("a") as stream:
        stream.write(" ".join(arguments[:15]).replace("\n", " ") + "\n")
    assert arguments[0] == "--env-file"
    assert arguments[2] == "--file"
    assert Path(arguments[3]).is_file()
    rest = arguments[4:]
    assert rest[:2] == ["--profile", "operator"]
    action, *words = rest[2:]
    if action in ("stop", "up"):
        return
    if action == "exec":
        assert words[:2] == ["-T", "postgres"]
        program = words[2:]
    else:
        assert [action, *words[:4], words[5]] == ["run", "--rm", "-T", "--no-deps", "--entrypoint", "operator"]
        for line in Path(arguments[1]).read_text().splitlines():
            name, value = line.split("=", 1)
            os.environ[name] = value
        program = [words[4], *words[6:]]
    program = [word.replace(VOLUME, os.environ["FAKE_FILES"]) for word in program]
    os.execvp(program[0], program)


if __name__ == "__main__":
    main(sys.argv[1:])
