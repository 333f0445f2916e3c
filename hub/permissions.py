"""The matrix of role × permission as a page for people: `hub permissions` prints what stands in docs/permissions.md."""

from services.kernel.permissions import (
    ADMINISTRATORS,
    GRANTS,
    MACHINE_PERMISSIONS,
    PERMISSION_LABELS,
    ROLE_LABELS,
    SECOND_FACTOR_ROLES,
    Permission,
    Role,
)

HEAD = """# Who may do what

Made by `hub permissions` from `services/kernel/permissions.py`; a test fails when this page falls behind. A role hangs
on a post, a person holds posts for a time (docs/design.md, 10), and an access token carries the permissions of one
post. Each operation of the API names what it asks for as `x-permissions` in its OpenAPI document.
"""


def matrix() -> str:
    """The page, as Markdown."""
    parts = [HEAD, _table(), "## Rules beside the table\n", *_rules()]
    return "\n".join(parts) + "\n"


def _table() -> str:
    roles = list(Role)
    rows = [
        ["权限", "代码", *(ROLE_LABELS[role] for role in roles)],
        ["---"] * (len(roles) + 2),
        *([PERMISSION_LABELS[p], f"`{p.value}`", *("●" if p in GRANTS[r] else "" for r in roles)] for p in Permission),
    ]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


def _rules() -> list[str]:
    machine = "、".join(PERMISSION_LABELS[p] for p in Permission if p in MACHINE_PERMISSIONS)
    return [
        f"- Second factor required: {_named(SECOND_FACTOR_ROLES)}.",
        f"- Nobody holds two of these, nor one beside another post: {_named(ADMINISTRATORS)}.",
        "- Nobody grants a post to himself; who computes a settlement does not confirm it.",
        f"- A county's machine client may be granted: {machine}.",
        "- A county sees the rows of its division, a member unit its own; everybody sees one alliance only.",
    ]


def _named(roles: frozenset[Role]) -> str:
    return "、".join(ROLE_LABELS[role] for role in Role if role in roles)
