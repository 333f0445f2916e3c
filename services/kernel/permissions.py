"""The one table of who may do what: role × permission. `docs/permissions.md` and the tests are generated from it."""

from enum import StrEnum
from typing import Final


class Party(StrEnum):
    """Whose side a role is on: decides which rows it sees and for whom it acts."""

    SECRETARIAT = "secretariat"
    COUNTY = "county"
    MEMBER = "member"
    DEPARTMENT = "department"
    LEADERSHIP = "leadership"
    ADMINISTRATION = "administration"
    SERVICE = "service"


class Role(StrEnum):
    """Roles of posts, and `service` for a service that speaks for itself."""

    SECRETARIAT_CLERK = "secretariat_clerk"
    SECRETARIAT_HEAD = "secretariat_head"
    UNIT_REPORTER = "unit_reporter"
    UNIT_REVIEWER = "unit_reviewer"
    COUNTY_CLERK = "county_clerk"
    COUNTY_REVIEWER = "county_reviewer"
    JOINT_REVIEWER = "joint_reviewer"
    LEADER = "leader"
    SYSTEM_ADMIN = "system_admin"
    SECURITY_ADMIN = "security_admin"
    AUDIT_ADMIN = "audit_admin"
    SERVICE = "service"

    @property
    def party(self) -> Party:
        return _PARTIES[self]


_PARTIES: Final[dict[Role, Party]] = {
    Role.SECRETARIAT_CLERK: Party.SECRETARIAT,
    Role.SECRETARIAT_HEAD: Party.SECRETARIAT,
    Role.UNIT_REPORTER: Party.MEMBER,
    Role.UNIT_REVIEWER: Party.MEMBER,
    Role.COUNTY_CLERK: Party.COUNTY,
    Role.COUNTY_REVIEWER: Party.COUNTY,
    Role.JOINT_REVIEWER: Party.DEPARTMENT,
    Role.LEADER: Party.LEADERSHIP,
    Role.SYSTEM_ADMIN: Party.ADMINISTRATION,
    Role.SECURITY_ADMIN: Party.ADMINISTRATION,
    Role.AUDIT_ADMIN: Party.ADMINISTRATION,
    Role.SERVICE: Party.SERVICE,
}


class Department(StrEnum):
    """Which department a joint reviewer speaks for (anqing-2024, 三(三))."""

    EDUCATION = "education"
    HUMAN_RESOURCES = "human_resources"
    FINANCE = "finance"


class Permission(StrEnum):
    """Operations, as they stand in the scope of access tokens."""

    REGISTRY_READ = "registry:read"
    REGISTRY_WRITE = "registry:write"
    REGISTRY_DECIDE = "registry:decide"
    REGISTRY_OWN = "registry:own"
    TARGETS_READ = "targets:read"
    TARGETS_REPORT = "targets:report"
    TARGETS_ASSESS = "targets:assess"
    SUBSIDIES_READ = "subsidies:read"
    SUBSIDIES_SUBMIT = "subsidies:submit"
    SUBSIDIES_REVIEW = "subsidies:review"
    SUBSIDIES_SETTLE = "subsidies:settle"
    SUBSIDIES_CONFIRM = "subsidies:confirm"
    FEED_READ = "feed:read"
    WEBHOOKS_MANAGE = "webhooks:manage"
    PRACTICE_RESET = "practice:reset"
    UNIT_MANAGE = "unit:manage"
    CLIENTS_MANAGE = "clients:manage"
    CLIENTS_OWN = "clients:own"
    ACCOUNTS_READ = "accounts:read"
    ACCOUNTS_MANAGE = "accounts:manage"
    POSTS_GRANT = "posts:grant"
    SESSIONS_END = "sessions:end"
    AUDIT_READ = "audit:read"
    SNAPSHOT_READ = "snapshot:read"
    OUTBOX_READ = "outbox:read"


PERMISSION_LABELS: Final[dict[Permission, str]] = {
    Permission.REGISTRY_READ: "查看成员单位和合作载体",
    Permission.REGISTRY_WRITE: "登记成员单位、合作载体和级别认定",
    Permission.REGISTRY_DECIDE: "决定入会、暂停、恢复和退出",
    Permission.REGISTRY_OWN: "维护本单位（本县区单位）的联系人、专业、师资、投入和附件",
    Permission.TARGETS_READ: "查看目标指标",
    Permission.TARGETS_REPORT: "上报指标数据",
    Permission.TARGETS_ASSESS: "审核指标数据",
    Permission.SUBSIDIES_READ: "查看奖补名册、申报和结算",
    Permission.SUBSIDIES_SUBMIT: "报送名册、提出申报",
    Permission.SUBSIDIES_REVIEW: "受理或退回申报",
    Permission.SUBSIDIES_SETTLE: "试算和核验结算",
    Permission.SUBSIDIES_CONFIRM: "确认结算（审批资金）",
    Permission.FEED_READ: "读取变更流",
    Permission.WEBHOOKS_MANAGE: "管理本单位的变更推送",
    Permission.PRACTICE_RESET: "清空本单位的练习数据",
    Permission.UNIT_MANAGE: "管理本单位人员（重置密码）",
    Permission.CLIENTS_MANAGE: "开设和吊销县区系统接入",
    Permission.CLIENTS_OWN: "更换或吊销本县区的接入密钥",
    Permission.ACCOUNTS_READ: "查看账号和岗位",
    Permission.ACCOUNTS_MANAGE: "开设、停用账号，管理单位登录方式",
    Permission.POSTS_GRANT: "设立岗位、任免人员",
    Permission.SESSIONS_END: "查看并结束他人的登录",
    Permission.AUDIT_READ: "查询和导出审计记录",
    Permission.SNAPSHOT_READ: "读取其他服务的快照（系统服务）",
    Permission.OUTBOX_READ: "收取其他服务的变更（系统服务）",
}

ROLE_LABELS: Final[dict[Role, str]] = {
    Role.SECRETARIAT_CLERK: "秘书处经办",
    Role.SECRETARIAT_HEAD: "秘书处负责人",
    Role.UNIT_REPORTER: "成员单位填报员",
    Role.UNIT_REVIEWER: "成员单位审核人",
    Role.COUNTY_CLERK: "县区教育局经办",
    Role.COUNTY_REVIEWER: "县区教育局审核人",
    Role.JOINT_REVIEWER: "联审部门",
    Role.LEADER: "领导",
    Role.SYSTEM_ADMIN: "系统管理员",
    Role.SECURITY_ADMIN: "安全管理员",
    Role.AUDIT_ADMIN: "审计管理员",
    Role.SERVICE: "系统服务",
}

DEPARTMENT_LABELS: Final[dict[Department, str]] = {
    Department.EDUCATION: "教体",
    Department.HUMAN_RESOURCES: "人社",
    Department.FINANCE: "财政",
}

_READ = {Permission.REGISTRY_READ, Permission.TARGETS_READ, Permission.SUBSIDIES_READ}
_EXCHANGE = {Permission.FEED_READ, Permission.WEBHOOKS_MANAGE, Permission.PRACTICE_RESET}
_REPORT = {Permission.TARGETS_REPORT, Permission.SUBSIDIES_SUBMIT}
_OWN = {Permission.REGISTRY_OWN}
_OFFICE = {
    Permission.REGISTRY_WRITE,
    Permission.TARGETS_ASSESS,
    Permission.SUBSIDIES_REVIEW,
    Permission.CLIENTS_MANAGE,
}

GRANTS: Final[dict[Role, frozenset[Permission]]] = {
    # Who computes a settlement does not confirm it.
    Role.SECRETARIAT_CLERK: frozenset(_READ | _EXCHANGE | _REPORT | _OFFICE | {Permission.SUBSIDIES_SETTLE}),
    Role.SECRETARIAT_HEAD: frozenset(
        _READ | _EXCHANGE | _OFFICE | {Permission.REGISTRY_DECIDE, Permission.SUBSIDIES_CONFIRM, Permission.UNIT_MANAGE}
    ),
    Role.UNIT_REPORTER: frozenset(_READ | _EXCHANGE | _REPORT | _OWN),
    Role.UNIT_REVIEWER: frozenset(_READ | _EXCHANGE | _REPORT | _OWN | {Permission.UNIT_MANAGE}),
    Role.COUNTY_CLERK: frozenset(_READ | _EXCHANGE | _REPORT | _OWN | {Permission.CLIENTS_OWN}),
    Role.COUNTY_REVIEWER: frozenset(
        _READ | _EXCHANGE | _REPORT | _OWN | {Permission.CLIENTS_OWN, Permission.UNIT_MANAGE}
    ),
    Role.JOINT_REVIEWER: frozenset(_READ),
    Role.LEADER: frozenset(_READ),
    Role.SYSTEM_ADMIN: frozenset({Permission.ACCOUNTS_READ, Permission.ACCOUNTS_MANAGE}),
    Role.SECURITY_ADMIN: frozenset({Permission.ACCOUNTS_READ, Permission.POSTS_GRANT, Permission.SESSIONS_END}),
    Role.AUDIT_ADMIN: frozenset({Permission.AUDIT_READ}),
    Role.SERVICE: frozenset({Permission.SNAPSHOT_READ, Permission.OUTBOX_READ}),
}

ADMINISTRATORS: Final = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN})
"""The three that 等保 2.0 separates: nobody holds two of them, nor one beside any other role."""

SECOND_FACTOR_ROLES: Final = ADMINISTRATORS | {
    Role.JOINT_REVIEWER,
    *(role for role, granted in GRANTS.items() if Permission.SUBSIDIES_CONFIRM in granted),
}
"""Who signs in with a second factor: the administrators, and whoever approves money."""

MACHINE_PERMISSIONS: Final = GRANTS[Role.COUNTY_CLERK] - {Permission.CLIENTS_OWN}
"""What a county's machine client may be granted: what a clerk may, but not to change its own keys."""


def scope_of(role: Role) -> str:
    """The space-separated scope string that a token of this role carries, in stable order."""
    return " ".join(sorted(GRANTS[role]))
