"""Who is asking: read from a verified access token."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.kernel.errors import NotSignedIn
from services.kernel.permissions import Department, Party, Permission, Role


@dataclass(frozen=True)
class Principal:
    """The caller. `division` is set for a county, `member` for a member unit, `department` for a joint reviewer.

    A person works in one post, named by `post`, `post_title` and `unit_name`; programs have none.
    """

    subject: str
    name: str
    role: Role
    alliance: str
    scopes: frozenset[str]
    division: str | None = None
    member: UUID | None = None
    client_id: str = ""
    department: Department | None = None
    session_id: str = ""
    post: UUID | None = None
    post_title: str = ""
    unit_name: str = ""

    @property
    def party(self) -> Party:
        return self.role.party

    def may(self, permission: Permission) -> bool:
        return permission in self.scopes

    @property
    def owner(self) -> str:
        """The key under which this caller's submissions are kept."""
        if self.party is Party.COUNTY:
            return f"division:{self.division}"
        if self.party is Party.MEMBER:
            return f"member:{self.member}"
        if self.party is Party.DEPARTMENT:
            return f"department:{self.department}"
        return self.party.value


def principal_from_claims(claims: dict[str, Any], *, service_alliance: str | None = None) -> Principal:
    """Build the principal from verified claims; a service names its alliance in the `Hub-Alliance` header.

    Raises NotSignedIn when the claims do not describe a principal of the hub.
    """
    try:
        role = Role(claims["role"])
        alliance = service_alliance if role is Role.SERVICE else claims["alliance"]
        member, post, department = claims.get("member"), claims.get("post"), claims.get("department")
        principal = Principal(
            subject=str(claims["sub"]),
            name=str(claims.get("name", "")),
            role=role,
            alliance=str(alliance or ""),
            scopes=frozenset(str(claims.get("scope", "")).split()),
            division=claims.get("division"),
            member=UUID(member) if member else None,
            client_id=str(claims.get("client_id", "")),
            department=Department(department) if department else None,
            session_id=str(claims.get("sid", "")),
            post=UUID(post) if post else None,
            post_title=str(claims.get("title", "")),
            unit_name=str(claims.get("unit_name", "")),
        )
    except (KeyError, ValueError) as fault:
        raise NotSignedIn("访问令牌的内容不完整，请重新登录。", code="token_incomplete") from fault
    if not principal.alliance:
        raise NotSignedIn("没有指明联盟，请重新登录。", code="alliance_missing")
    if principal.party is Party.COUNTY and not principal.division:
        raise NotSignedIn("县区账号没有区划，请联系秘书处。", code="division_missing")
    if principal.party is Party.MEMBER and not principal.member:
        raise NotSignedIn("单位账号没有成员单位，请联系秘书处。", code="member_missing")
    if principal.party is Party.DEPARTMENT and not principal.department:
        raise NotSignedIn("联审账号没有部门，请联系安全管理员。", code="department_missing")
    return principal
