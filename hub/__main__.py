"""`python -m hub`. Kept readable by any Python 3, so that one too old gets a sentence and not a syntax error."""

import sys

OLDEST_PYTHON = (3, 11)


def check_python(version: "tuple[int, int]") -> "str | None":
    """Return the sentence that refuses this Python, or None when it will do."""
    if version >= OLDEST_PYTHON:
        return None
    found = str(version[0]) + "." + str(version[1])
    return "本系统需要 Python 3.11 或更高版本，当前是 " + found + "；请安装新版 Python 后重试。"


def main() -> None:
    """Check the interpreter, then hand over to the command line."""
    refusal = check_python(sys.version_info[:2])
    if refusal is not None:
        sys.stderr.write(refusal + "\n")
        sys.exit(2)
    from hub.cli import app

    app(prog_name="hub")


if __name__ == "__main__":
    main()
