"""The left menu: one table of entries; which are shown follows the person's post."""

from dataclasses import dataclass

from frontend.session import User
from services.kernel.permissions import Permission


@dataclass(frozen=True)
class Entry:
    """A line of the menu. It is shown to who holds one of `needs`; `children` make it a group."""

    label: str
    icon: str
    path: str = ""
    needs: tuple[Permission, ...] = ()
    children: tuple["Entry", ...] = ()


@dataclass(frozen=True)
class ShownEntry:
    """An entry as the template draws it; `current` marks the page the person is on or below."""

    label: str
    icon: str
    path: str
    current: bool
    children: tuple["ShownEntry", ...] = ()


MENU = (
    Entry("首页", "home", "/"),
    Entry(
        "成员",
        "building-community",
        needs=(Permission.REGISTRY_READ,),
        children=(
            Entry("成员单位", "building-community", "/members", (Permission.REGISTRY_READ,)),
            Entry("入会申请", "list-check", "/applications", (Permission.REGISTRY_READ,)),
            Entry("年度考核", "certificate", "/member-reviews", (Permission.REGISTRY_READ,)),
            Entry("疑似重复", "copy", "/members/duplicates", (Permission.REGISTRY_WRITE,)),
            Entry("批量改动", "file-import", "/change-sets", (Permission.REGISTRY_WRITE,)),
        ),
    ),
    Entry(
        "合作",
        "link",
        needs=(Permission.REGISTRY_READ,),
        children=(
            Entry("合作载体", "link", "/collaborations", (Permission.REGISTRY_READ,)),
            Entry("合作协议", "file-text", "/agreements", (Permission.REGISTRY_READ,)),
        ),
    ),
    Entry(
        "组织机构",
        "building-bank",
        needs=(Permission.REGISTRY_READ,),
        children=(
            Entry("机构与席位", "users", "/governance/bodies", (Permission.REGISTRY_READ,)),
            Entry("架构图", "layout-grid", "/governance/picture", (Permission.REGISTRY_READ,)),
            Entry("会议", "calendar", "/governance/meetings", (Permission.REGISTRY_READ,)),
            Entry("决议", "checklist", "/governance/resolutions", (Permission.REGISTRY_READ,)),
        ),
    ),
    Entry(
        "专业与师资",
        "chart-bar",
        needs=(Permission.REGISTRY_READ,),
        children=(
            Entry("专业对接产业", "target", "/coverage", (Permission.REGISTRY_READ,)),
            Entry("开设专业", "book-2", "/majors", (Permission.REGISTRY_READ,)),
            Entry("专业和行业目录", "list-check", "/catalogues/majors", (Permission.REGISTRY_READ,)),
            Entry("师资库", "id-badge-2", "/teachers", (Permission.REGISTRY_READ,)),
        ),
    ),
    Entry("目标指标", "target", "/targets", (Permission.TARGETS_READ,)),
    Entry(
        "奖补资金",
        "coins",
        needs=(Permission.SUBSIDIES_READ,),
        children=(
            Entry("名册导入", "file-import", "/subsidies/rosters", (Permission.SUBSIDIES_READ,)),
            Entry("申报", "checklist", "/subsidies/claims", (Permission.SUBSIDIES_READ,)),
            Entry("结算", "report-money", "/subsidies/settlements", (Permission.SUBSIDIES_READ,)),
        ),
    ),
    Entry(
        "系统对接",
        "plug-connected",
        needs=(Permission.CLIENTS_MANAGE, Permission.CLIENTS_OWN, Permission.WEBHOOKS_MANAGE),
        children=(
            Entry("系统接入", "key", "/integration/clients", (Permission.CLIENTS_MANAGE, Permission.CLIENTS_OWN)),
            Entry("变更推送", "webhook", "/integration/webhooks", (Permission.WEBHOOKS_MANAGE,)),
        ),
    ),
    Entry(
        "人员与岗位",
        "users",
        needs=(Permission.ACCOUNTS_READ, Permission.UNIT_MANAGE),
        children=(
            Entry("账号", "user", "/people/accounts", (Permission.ACCOUNTS_READ,)),
            Entry("岗位", "id-badge-2", "/people/posts", (Permission.ACCOUNTS_READ,)),
            Entry("单位登录方式", "building-bank", "/people/providers", (Permission.ACCOUNTS_MANAGE,)),
            Entry("第三方应用", "api", "/people/applications", (Permission.ACCOUNTS_MANAGE,)),
            Entry("本单位人员", "users", "/people/unit", (Permission.UNIT_MANAGE,)),
        ),
    ),
    Entry("审计记录", "list-search", "/audit", (Permission.AUDIT_READ,)),
    Entry("练习环境", "flask", "/practice", (Permission.PRACTICE_RESET,)),
)


def menu_for(user: User, path: str) -> tuple[ShownEntry, ...]:
    """The entries this person may use, with the current one marked: of those above the page the nearest."""
    above = [entry for entry in _paths(MENU) if entry == path or (entry != "/" and path.startswith(f"{entry}/"))]
    return _shown(MENU, user, max(above, key=len, default=""))


def _paths(entries: tuple[Entry, ...]) -> list[str]:
    return [path for e in entries for path in (e.path, *_paths(e.children)) if path]


def _shown(entries: tuple[Entry, ...], user: User, current: str) -> tuple[ShownEntry, ...]:
    return tuple(
        ShownEntry(e.label, e.icon, e.path, bool(current) and e.path == current, _shown(e.children, user, current))
        for e in entries
        if not e.needs or user.may(*e.needs)
    )
