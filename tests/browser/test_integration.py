"""Systems that connect: a bureau's machine client from its making to its end, and where webhooks may not go."""

from typing import Final
from uuid import uuid4

import httpx
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn, picture
from tests.browser.looks import faults_at_both_sizes
from tests.support.running_hub import RunningHub

FORBIDDEN: Final = "https://169.254.169.254/latest/meta-data"
"""Link-local, where clouds keep their machines' secrets: refused also when private addresses are allowed."""


def issued(page: Page) -> tuple[str, str]:
    """The client's id and secret, as the page shows them this once."""
    expect(page.get_by_text("密钥只显示这一次").first).to_be_visible()
    client_id, secret = page.locator(".keepsake dd").all_inner_texts()
    return client_id, secret


def token_status(hub: RunningHub, client_id: str, secret: str) -> int:
    """What the token endpoint answers to these credentials."""
    form = {"grant_type": "client_credentials"}
    return httpx.post(f"{hub.url}/oauth/token", data=form, auth=(client_id, secret), timeout=30).status_code


def confirmed(page: Page, button: str) -> None:
    """Press a button that asks back, and say yes."""
    page.get_by_role("button", name=button).click()
    page.get_by_role("dialog").get_by_role("button", name="确认").click()


def test_a_machine_client_is_made_rotated_and_revoked(sign_in: SignIn, hub: RunningHub) -> None:
    office, name = sign_in("mishuchu"), f"怀宁学籍系统{uuid4().hex[:4]}"
    office.goto("/integration/clients/new")
    office.get_by_label("系统名称").fill(name)
    office.get_by_label("县区").select_option("340822")
    office.get_by_role("button", name="开设").click()
    client_id, secret = issued(office)
    faults = faults_at_both_sizes(office, "page-client-issued")
    assert token_status(hub, client_id, secret) == 200
    office.get_by_role("link", name="我已保存").click()
    expect(office.get_by_role("heading", name=name)).to_be_visible()
    assert secret not in office.content()

    other = sign_in("bureau-340881")
    answer = other.goto(f"/integration/clients/{client_id}")
    assert answer is not None
    assert answer.status == 404
    bureau = sign_in("bureau-340822")
    bureau.goto("/integration/clients")
    bureau.get_by_role("link", name=name).click()
    faults += faults_at_both_sizes(bureau, "page-client")
    confirmed(bureau, "更换密钥")
    same_id, fresh = issued(bureau)
    assert (same_id, fresh == secret) == (client_id, False)
    assert (token_status(hub, client_id, secret), token_status(hub, client_id, fresh)) == (401, 200)

    bureau.goto(f"/integration/clients/{client_id}")
    bureau.get_by_label("原因").fill("系统停用")
    confirmed(bureau, "吊销")
    expect(bureau.get_by_text("已吊销").first).to_be_visible()
    assert token_status(hub, client_id, fresh) == 401
    assert faults == []


def test_webhooks_go_to_no_forbidden_address(sign_in: SignIn) -> None:
    page = sign_in("bureau-340822")
    page.goto("/integration/webhooks/new")
    page.get_by_label("接收地址").fill(FORBIDDEN)
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#error-url")).to_contain_text("地址")
    expect(page.get_by_label("接收地址")).to_have_value(FORBIDDEN)
    assert faults_at_both_sizes(page, "page-webhook-refused") == []


def test_a_webhook_is_made_tested_and_deleted(sign_in: SignIn) -> None:
    page = sign_in("bureau-340822")
    page.goto("/integration/webhooks/new")
    page.get_by_label("接收地址").fill("https://hooks.anqing.invalid/hub")
    page.get_by_label("变更类型").fill("claim.accepted\nclaim.returned")
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".keepsake dd")).to_contain_text("whsec_")
    faults = faults_at_both_sizes(page, "page-webhook-secret")
    page.get_by_role("link", name="我已保存").click()
    expect(page.get_by_role("button", name="发送测试")).to_be_visible()
    faults += faults_at_both_sizes(page, "page-webhook")
    endpoint = page.url
    page.get_by_role("button", name="发送测试").click()
    expect(page.get_by_role("heading", name="推送 webhook.test")).to_be_visible()
    faults += faults_at_both_sizes(page, "page-delivery")
    page.goto(endpoint)
    confirmed(page, "删除")
    expect(page.get_by_role("heading", name="变更推送")).to_be_visible()
    picture(page, "41-webhooks")
    assert faults == []
