"""New passwords: the length and kinds that are asked for, and the first guesses that are refused."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.secrets_store import new_readable_password
from services.identity.password_rules import password_issues


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        ("Zu9-kurzkur", ["password_short"]),
        ("Lang-genug-9", []),
        ("nur klein da", ["password_simple"]),
        ("nur klein da, aber viel", []),
        ("NUR-GROSS-11", []),
        ("Vier Kinder 4", []),
        ("ab3" * 86, ["password_long", "password_common"]),
        ("Bureau-340822", ["password_is_username"]),
        (" BUREAU-340822", ["password_is_username"]),
        ("Password1234!", ["password_common"]),
        ("P@ssw0rd2025!", ["password_common"]),
        ("Anqing@340800", ["password_common"]),
        ("Aa1!Aa1!Aa1!", ["password_common"]),
        ("Qwertyuiop-12", ["password_common"]),
        ("1qaz2wsx3EDC$", ["password_common"]),
        ("0123456789Abcdef", ["password_common"]),
        ("9876543210-Zyxw", ["password_common"]),
        ("密码要长一些才好用啊一二", ["password_simple"]),
        ("今天天气很好我们去江边走走吧好", ["password_simple"]),
        ("今天天气很好我们去江边走走吧好的", []),
    ],
)
def test_a_password_is_long_mixed_and_not_a_first_guess(password: str, codes: list[str]) -> None:
    assert [issue.code for issue in password_issues("bureau-340822", password)] == codes
    assert all(issue.field == "password" and issue.message.endswith("。") for issue in password_issues("x", password))


def test_the_passwords_that_the_hub_makes_itself_pass() -> None:
    assert [password_issues("mishuchu", new_readable_password()) for _ in range(2000)] == [[]] * 2000


@given(st.text(alphabet=string.printable, max_size=30), st.text(alphabet=string.ascii_lowercase, max_size=10))
def test_nothing_shorter_than_twelve_is_ever_taken(password: str, username: str) -> None:
    issues = {issue.code for issue in password_issues(username, password)}
    assert ("password_short" in issues) == (len(password) < 12)
