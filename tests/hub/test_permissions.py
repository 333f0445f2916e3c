"""The page of the matrix is the one that the table makes."""

from pathlib import Path

from typer.testing import CliRunner

from hub.cli import app
from hub.permissions import matrix
from services.kernel.permissions import GRANTS, PERMISSION_LABELS, ROLE_LABELS, Permission, Role

PAGE = Path(__file__).resolve().parents[2] / "docs" / "permissions.md"


def test_the_page_is_what_the_command_prints() -> None:
    assert PAGE.read_text("utf-8") == matrix() == CliRunner().invoke(app, ["permissions"]).output


def test_the_page_says_of_every_role_what_the_table_grants() -> None:
    lines = [line.strip("| ").split(" | ") for line in matrix().splitlines() if line.startswith("|")]
    roles = {label: role for role, label in ROLE_LABELS.items()}
    columns = [roles[label] for label in lines[0][2:]]
    assert set(columns) == set(Role)
    marks = [line for line in matrix().splitlines() if line.startswith("|") and "`" in line]
    assert len(marks) == len(Permission) == len(PERMISSION_LABELS)
    for line in marks:
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        permission = Permission(cells[1].strip("`"))
        shown = {role for role, mark in zip(columns, cells[2:], strict=True) if mark}
        assert shown == {role for role in Role if permission in GRANTS[role]}
