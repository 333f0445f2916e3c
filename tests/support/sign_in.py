"""Signs an account in in a real browser: user name and password, second factor, post, whatever is asked for."""

from playwright.sync_api import Locator, Page

from hub.demo.steps import AUTHENTICATORS, Account, Authenticator, authenticator_of

ENROL, FACTOR, RECOVERY, POST = "设置动态口令", "输入动态口令", "请抄下恢复码", "选择岗位"


def sign_in_by_pages(page: Page, account: Account) -> None:
    """From the password form through every step that is due; the page then belongs to the client again.

    Who has one post begins in it at once, so a post or practice that is wanted is asked for at the beginning.
    """
    if account.post or account.practice:
        page.goto("/login?post=true")
    page.get_by_label("用户名").fill(account.username)
    page.get_by_label("密码").fill(account.password)
    _press(page, page.get_by_role("button", name="登录"))
    while (step := page.locator("h1").first.inner_text()) in (ENROL, FACTOR, RECOVERY, POST):
        if step == ENROL:
            secret = page.locator(".enrol-secret").inner_text().replace(" ", "")
            AUTHENTICATORS[account.username] = Authenticator(secret)
        if step in (ENROL, FACTOR):
            give_code(page, account)
        elif step == RECOVERY:
            _press(page, page.get_by_role("link", name="继续登录"))
        else:
            choose_post(page, account)


def choose_post(page: Page, account: Account) -> None:
    """Enter the account's post, by title where it names one, for work or for practice."""
    posts = page.locator(".post-item")
    wanted = posts.filter(has_text=account.post) if account.post else posts
    _press(page, wanted.first.get_by_role("button", name="练习环境" if account.practice else "进入工作"))


def give_code(page: Page, account: Account) -> None:
    code, wait = authenticator_of(account).next_code()
    page.wait_for_timeout(wait * 1000)  # two sign-ins within half a minute: the hub takes no code twice
    page.locator("#code").fill(code)
    _press(page, page.locator("form button[type=submit]"))


def _press(page: Page, button: Locator) -> None:
    """Press it and wait for the page it leads to, so that the old one's heading is not read again."""
    with page.expect_navigation():
        button.click()
