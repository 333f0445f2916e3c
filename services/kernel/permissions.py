"""The one table of who may do what: role × scope. Documentation and tests are generated from it."""

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """Roles of people, and `service` for a service that speaks for itself."""

    SECRETARIAT = "secretariat"
    COUNTY_BUREAU = "county_bureau"
    MEMBER_UNIT = "member_unit"
    SERVICE = "service"


class Permission(StrEnum):
    """Scopes, as they stand in access tokens."""

    REGISTRY_READ = "registry:read"
    REGISTRY_WRITE = "registry:write"
    TARGETS_READ = "targets:read"
    TARGETS_REPORT = "targets:report"
    TARGETS_ASSESS = "targets:assess"
    SUBSIDIES_READ = "subsidies:read"
    SUBSIDIES_SUBMIT = "subsidies:submit"
    SUBSIDIES_REVIEW = "subsidies:review"
    SUBSIDIES_SETTLE = "subsidies:settle"
    SNAPSHOT_READ = "snapshot:read"


ROLE_LABELS: Final[dict[Role, str]] = {
    Role.SECRETARIAT: "秘书处",
    Role.COUNTY_BUREAU: "县区教育局",
    Role.MEMBER_UNIT: "成员单位",
    Role.SERVICE: "系统服务",
}

_READ = {Permission.REGISTRY_READ, Permission.TARGETS_READ, Permission.SUBSIDIES_READ}
_REPORT = {Permission.TARGETS_REPORT, Permission.SUBSIDIES_SUBMIT}

GRANTS: Final[dict[Role, frozenset[Permission]]] = {
    Role.SECRETARIAT: frozenset(
        _READ
        | _REPORT
        | {
            Permission.REGISTRY_WRITE,
            Permission.TARGETS_ASSESS,
            Permission.SUBSIDIES_REVIEW,
            Permission.SUBSIDIES_SETTLE,
        }
    ),
    Role.COUNTY_BUREAU: frozenset(_READ | _REPORT),
    Role.MEMBER_UNIT: frozenset(_READ | _REPORT),
    Role.SERVICE: frozenset({Permission.SNAPSHOT_READ}),
}


def scope_of(role: Role) -> str:
    """The space-separated scope string that a token of this role carries, in stable order."""
    return " ".join(sorted(GRANTS[role]))
