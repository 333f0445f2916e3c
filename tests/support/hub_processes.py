"""The processes of a running hub, by name, as the system sees them."""

from pathlib import Path


def processes_of(hub_pid: int) -> dict[str, int]:
    """The process ids of a hub's own children by name (`registry` … `gateway`, `worker`); `hub_pid` may be make's."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):  # it ended while we looked
            continue
    named = {pid: _name(pid) for pid in parents if _descends(pid, hub_pid, parents)}
    return {name: pid for pid, name in named.items() if name}


def _descends(pid: int, ancestor: int, parents: dict[int, int]) -> bool:
    while pid in parents and pid != ancestor:
        pid = parents[pid]
    return pid == ancestor


def _name(pid: int) -> str:
    """`serve NAME` or `worker` of a command line that runs the hub."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    if "hub" not in command:
        return ""
    words = command[command.index("hub") + 1 :]
    return words[1] if words[0] == "serve" else words[0] if words[0] == "worker" else ""
