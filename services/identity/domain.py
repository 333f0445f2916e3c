"""Rules of accounts, posts and sign-in, pure: names, states, separation of posts, who may be locked out and when."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.kernel.errors import Conflict, FieldIssue, Forbidden, InvalidInput, NotFound, Unavailable
from services.kernel.permissions import ADMINISTRATORS, Department, Party, Role

USERNAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{2,63}")
DIVISION: Final = re.compile(r"[0-9]{6}")
PEOPLE: Final = frozenset(role for role in Role if role.party is not Party.SERVICE)
COUNTY_ROLES: Final = frozenset(role for role in Role if role.party is Party.COUNTY)
UNIT_ROLES: Final = frozenset(role for role in Role if role.party is Party.MEMBER)
DEPARTMENT_ROLES: Final = frozenset(role for role in Role if role.party is Party.DEPARTMENT)


class AccountExists(Conflict):
    code = "account_exists"


class AdministratorExists(Conflict):
    code = "administrator_exists"


class AccountUnknown(NotFound):
    code = "account_unknown"


class PostUnknown(NotFound):
    code = "post_unknown"


class HoldingUnknown(NotFound):
    code = "holding_unknown"


class ClientUnknown(NotFound):
    code = "client_unknown"


class ClientRevoked(Conflict):
    """A revoked client stays for the record and cannot come back: another is made."""

    code = "client_revoked"


class PostHeld(Conflict):
    """Somebody holds the post in that time."""

    code = "post_held"


class PostsNotTogether(Conflict):
    """等保 2.0 separates the three administrators from each other and from everybody else."""

    code = "posts_not_together"


class SessionUnknown(NotFound):
    code = "session_unknown"


class AdministratorProtected(Forbidden):
    """Who could reset an administrator's password and second factor would be that administrator."""

    code = "administrator_protected"


class AccountState(StrEnum):
    """`invited` until the first password or binding; a deactivated one may come back."""

    INVITED = "invited"
    ACTIVE = "active"
    DEACTIVATED = "deactivated"


class InvitationPurpose(StrEnum):
    """What a link is for: the first sign-in of an account, or a new password."""

    INVITATION = "invitation"
    PASSWORD_RESET = "password_reset"  # noqa: S105  # a purpose


class SigningKeyUnreadable(Unavailable):
    """The stored key was encrypted under another HUB_IDENTITY_KEY_SECRET, or there is none."""

    code = "signing_key_unreadable"


def normalise_username(typed: str) -> str:
    """The form in which user names are kept and compared: NFKC, trimmed, lower case."""
    return unicodedata.normalize("NFKC", typed).strip().lower()


def username_issues(username: str) -> list[FieldIssue]:
    """What is wrong with a normalised user name."""
    if USERNAME.fullmatch(username):
        return []
    return [FieldIssue("username", "username_malformed", "用户名应为 3 到 64 位小写字母、数字、点、横线或下划线。")]


def post_issues(
    role: Role, division: str | None, member: object | None, department: Department | None = None
) -> list[FieldIssue]:
    """What is wrong with a role and its unit: a county has a division, a member unit a member, a reviewer its own."""
    issues = []
    if role not in PEOPLE:
        issues.append(FieldIssue("role", "role_not_for_people", "系统服务不能作为人员的岗位。"))
    if division is not None and not DIVISION.fullmatch(division):
        issues.append(FieldIssue("division", "division_malformed", "区划代码应为 6 位数字。"))
    if (role in COUNTY_ROLES) != (division is not None):
        issues.append(FieldIssue("division", "division_and_role", "县区教育局的岗位须填区划代码，其他岗位不填。"))
    if (role in UNIT_ROLES) != (member is not None):
        issues.append(FieldIssue("member", "member_and_role", "成员单位的岗位须填所属单位，其他岗位不填。"))
    if (role in DEPARTMENT_ROLES) != (department is not None):
        issues.append(FieldIssue("department", "department_and_role", "联审岗位须选部门，其他岗位不选。"))
    return issues


def together(roles: Iterable[Role]) -> bool:
    """Whether one person may hold posts of these roles at the same time: an administrator's post stands alone."""
    listed = list(roles)
    return len(listed) < 2 or ADMINISTRATORS.isdisjoint(listed)


def refuse(issues: list[FieldIssue]) -> None:
    """Raise InvalidInput with every issue, if there is one."""
    if issues:
        raise InvalidInput(issues)


class Outcome(StrEnum):
    """How one attempt to sign in ended; only `accepted` opens a session."""

    ACCEPTED = "accepted"
    WRONG = "wrong"
    LOCKED = "locked"
    DEACTIVATED = "deactivated"
    NO_POST = "no_post"


@dataclass(frozen=True)
class Guard:
    """Failed attempts on one user name, whether or not an account has it: a lock must not tell which names exist."""

    failures: int = 0
    last_failed_at: datetime | None = None
    locked_until: datetime | None = None

    def current(self, now: datetime, lock: timedelta) -> "Guard":
        """What still counts: failures and locks are forgotten after `lock`."""
        if self.locked_until is not None:
            return self if self.locked_until > now else Guard()
        forgotten = self.last_failed_at is not None and self.last_failed_at + lock <= now
        return Guard() if forgotten else self

    def failed(self, now: datetime, limit: int, lock: timedelta) -> "Guard":
        """The guard after one more failure; the one that reaches `limit` locks for `lock`."""
        counted = replace(self, failures=self.failures + 1, last_failed_at=now)
        return replace(counted, locked_until=now + lock) if counted.failures >= limit else counted

    def locked(self, now: datetime) -> bool:
        return self.locked_until is not None and self.locked_until > now


def judge(
    guard: Guard, *, right: bool, active: bool, now: datetime, limit: int, lock: timedelta
) -> tuple[Outcome, Guard]:
    """Decide one attempt. A lock also refuses the right password; only who knows it learns of a deactivation."""
    current = guard.current(now, lock)
    if current.locked(now):
        return Outcome.LOCKED, current
    if right:
        return (Outcome.ACCEPTED, Guard()) if active else (Outcome.DEACTIVATED, current)
    after = current.failed(now, limit, lock)
    return (Outcome.LOCKED if after.locked(now) else Outcome.WRONG), after
