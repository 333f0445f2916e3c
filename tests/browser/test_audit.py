"""The audit administrator in the browser: searches the log, takes it along, and it verifies offline."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import expect

from services.kernel.clock import BUSINESS_ZONE
from tests.browser.conftest import SignIn, picture
from tests.support.running_hub import ROOT


def test_the_log_is_searched_exported_and_verified(sign_in: SignIn, tmp_path: Path) -> None:
    page = sign_in("shenji")
    page.goto("/audit")
    page.get_by_label("操作", exact=True).fill("sign_in.accepted")
    page.get_by_label("操作人").fill("示例审计管理员")
    page.get_by_role("button", name="查询").click()
    expect(page.get_by_text("（已按条件查询）")).to_be_visible()
    picture(page, "51-audit-search")
    page.get_by_role("button", name="导出").click()
    expect(page.get_by_label("导出原因")).to_be_focused()  # the browser asks for the reason

    today = datetime.now(UTC).astimezone(BUSINESS_ZONE).date().isoformat()
    export = page.locator("#audit-export")
    export.get_by_label("起始日期").fill(today)
    export.get_by_label("导出原因").fill("季度检查")
    with page.expect_download() as waiting:
        export.get_by_role("button", name="导出").click()
    taken = tmp_path / "audit.jsonl"
    waiting.value.save_as(taken)
    assert verdict(taken).stdout.count("完整") == 1

    lines = taken.read_text().splitlines()
    at = next(n for n, line in enumerate(lines) if json.loads(line).get("actor_name"))
    forged = {**json.loads(lines[at]), "actor_name": "别人"}
    taken.write_text("\n".join([*lines[:at], json.dumps(forged, ensure_ascii=False), *lines[at + 1 :]]) + "\n")
    assert verdict(taken).returncode != 0


def verdict(file: Path) -> subprocess.CompletedProcess[str]:
    """What `hub audit verify` says of a file."""
    command = [sys.executable, "-m", "hub", "audit", "verify", str(file)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
