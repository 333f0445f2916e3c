"""People in the browser: the first sign-in of an administrator, an invitation, a post that changes hands, sessions."""

import re
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from playwright.sync_api import Page, expect

from hub.demo.steps import AUTHENTICATORS, Account, Authenticator
from services.kernel.clock import BUSINESS_ZONE
from tests.browser.conftest import OpenWindow, SignIn, ends_within_seconds, picture
from tests.browser.looks import faults_at_both_sizes
from tests.support.running_hub import RunningHub
from tests.support.sign_in import ENROL, RECOVERY, give_code, sign_in_by_pages

PASSWORD: Final = f"jieren-{uuid4().hex}"
REFUSED: Final = "用户名或密码"


def send(page: Page, button: str) -> None:
    """Press the page's button and wait for the page it leads to."""
    with page.expect_navigation():
        page.get_by_role("button", name=button).click()


def give_password(page: Page, username: str, password: str) -> None:
    page.get_by_label("用户名").fill(username)
    page.get_by_label("密码").fill(password)
    send(page, "登录")


def test_an_administrator_sets_up_the_second_factor_and_keeps_recovery_codes(
    open_window: OpenWindow, hub: RunningHub
) -> None:
    account, page = hub.accounts["jiaoti"], open_window()
    page.goto("/")
    faults = faults_at_both_sizes(page, "page-sign-in")
    give_password(page, account.username, account.password)
    expect(page.get_by_role("heading", name=ENROL)).to_be_visible()
    faults += faults_at_both_sizes(page, "page-enrolment")
    page.locator("#code").fill("000000")
    send(page, "完成设置")
    expect(page.get_by_role("alert")).to_contain_text("设置没有完成")
    secret = page.locator(".enrol-secret").inner_text().replace(" ", "")
    AUTHENTICATORS[account.username] = Authenticator(secret)
    give_code(page, account)
    expect(page.get_by_role("heading", name=RECOVERY)).to_be_visible()
    faults += faults_at_both_sizes(page, "page-recovery-codes")
    codes = page.locator(".recovery-codes code").all_inner_texts()
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"(\w{4}-){2}\w{4}", code) for code in codes)
    page.get_by_role("link", name="我已抄下，继续登录").click()
    page.get_by_role("heading", name="我的事项").wait_for()

    again = open_window()
    again.goto("/")
    give_password(again, account.username, account.password)
    faults += faults_at_both_sizes(again, "page-second-factor")
    again.locator("#code").fill(codes[3])
    send(again, "验证")
    again.get_by_role("heading", name="我的事项").wait_for()

    third = open_window()
    third.goto("/")
    give_password(third, account.username, account.password)
    third.locator("#code").fill(codes[3])
    send(third, "验证")
    expect(third.get_by_role("alert")).to_contain_text("验证没有通过")
    assert faults == []


def opened_account(sign_in: SignIn, username: str, name: str) -> str:
    """The system administrator opens an account; answers the invitation link, which is shown this once."""
    page = sign_in("xitong")
    page.goto("/people/accounts/new")
    page.get_by_label("姓名").fill(name)
    page.get_by_label("用户名").fill(username)
    page.get_by_role("button", name="开设并生成邀请链接").click()
    link = page.locator(".keepsake dd").first.inner_text()
    picture(page, "31-invitation-link")
    return link


def accept(page: Page, link: str) -> list[str]:
    """Open the link in a browser of one's own and choose a password; answers what is wrong with the pages' looks."""
    page.goto(link)
    faults = faults_at_both_sizes(page, "page-invitation")
    page.get_by_label("新密码").fill(PASSWORD)
    page.get_by_label("再输入一次").fill(PASSWORD)
    send(page, "设置密码")
    expect(page.get_by_role("heading", name="密码已设置")).to_be_visible()
    return faults


def grant(page: Page, post: str, account: str, reason: str) -> None:
    """Grant the post of that unit and title from today on, in its holder's place."""
    page.goto(f"/people/posts?q={post}")
    page.get_by_role("row").filter(has_text="县区教育局经办").get_by_role("link").first.click()
    form = page.locator("form[action$='/holdings']")
    option = form.locator("option").filter(has_text=account)
    form.get_by_label("任职人").select_option(option.get_attribute("value"))
    form.get_by_label("生效日期").fill(datetime.now(UTC).astimezone(BUSINESS_ZONE).date().isoformat())
    form.get_by_label("任命文号").fill("宿教人〔2026〕8号")
    form.get_by_label("原因").fill(reason)
    form.get_by_label("是，现任同日终止").check()
    form.get_by_role("button", name="任职").click()
    expect(page.get_by_text("已任职").first).to_be_visible()


def test_a_successor_takes_over_a_post_and_the_predecessor_loses_it(
    sign_in: SignIn, open_window: OpenWindow, hub: RunningHub
) -> None:
    students, name = "/subsidies/rosters/students?year=2025", f"jieren-{uuid4().hex[:8]}"
    predecessor = sign_in("bureau-340826", fresh=True)
    predecessor.goto(students)
    expect(predecessor.locator("main")).to_contain_text("宿松")

    link = opened_account(sign_in, name, "示例接任人")
    successor = open_window()
    assert accept(successor, link) == []
    stranger = open_window()
    stranger.goto(link)
    expect(stranger.get_by_role("heading", name="链接无效")).to_be_visible()

    successor.goto("/")
    give_password(successor, name, PASSWORD)
    expect(successor.get_by_role("heading", name="没有可用的岗位")).to_be_visible()

    grant(sign_in("anquan"), "宿松县", name, "原经办调离")
    successor.goto("/")
    sign_in_by_pages(successor, Account(name, PASSWORD))
    successor.goto(students)
    rows = successor.locator("main")
    expect(rows).to_contain_text("宿松")
    expect(rows).not_to_contain_text("怀宁县示例职业学校")
    picture(successor, "32-successor")

    ends_within_seconds(predecessor, students)
    give_password(predecessor, "bureau-340826", hub.accounts["bureau-340826"].password)
    expect(predecessor.get_by_role("heading", name="没有可用的岗位")).to_be_visible()
    picture(predecessor, "33-without-a-post")


def test_somebody_ends_the_own_sign_in_elsewhere(sign_in: SignIn) -> None:
    here, there = sign_in("member-jishi", fresh=True), sign_in("member-jishi", fresh=True)
    here.goto("/me")
    sessions = here.get_by_role("table", name="我的登录").get_by_role("row")
    expect(sessions.filter(has_text="本次登录")).to_have_count(1)
    sessions.filter(has_text="Chrome").filter(has=here.get_by_role("button", name="退出")).first.get_by_role(
        "button", name="退出"
    ).click()
    here.get_by_role("dialog").get_by_role("button", name="确认").click()
    expect(sessions.filter(has_text="Chrome")).to_have_count(1)
    ends_within_seconds(there, "/members")
    here.goto("/members")
    expect(here.get_by_role("heading", name="成员单位")).to_be_visible()


def test_five_wrong_passwords_lock_with_the_same_words_for_any_name_and_end_the_open_sign_in(
    sign_in: SignIn, open_window: OpenWindow, hub: RunningHub
) -> None:
    told: dict[str, list[str]] = {}
    at_work = sign_in("bureau-340828", fresh=True)
    for username in ("bureau-340828", f"meiyou-{uuid4().hex[:8]}"):
        page = open_window()
        page.goto("/")
        said = told.setdefault(username, [])
        for _ in range(6):
            give_password(page, username, "不是这个密码-1234")
            said.append(page.get_by_role("alert").inner_text())
        if username in hub.accounts:  # the right password does not help any more, nor is it told from a wrong one
            give_password(page, username, hub.accounts[username].password)
            assert page.get_by_role("alert").inner_text() == said[-1]
        picture(page, f"34-locked-{'known' if username in hub.accounts else 'unknown'}")
    ends_within_seconds(at_work, "/members")
    known, unknown = told.values()
    assert known == unknown
    assert REFUSED in known[0]
    assert "锁" in known[-1] or "稍后" in known[-1]
