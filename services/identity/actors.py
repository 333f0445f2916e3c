"""Who stands in the audit log for what identity does: the person, identity itself, or the operator's command line."""

from services.identity.tables import Account
from services.kernel.permissions import Role
from services.kernel.principal import Principal


def person(account: Account) -> Principal:
    """The account's holder, once the password or a credential proved it."""
    return Principal(
        subject=str(account.id),
        name=account.display_name,
        role=Role(account.role),
        alliance=account.alliance,
        scopes=frozenset(),
        division=account.division,
        member=account.member,
    )


def identity_itself(alliance: str) -> Principal:
    """The service, for what nobody who is known did: a refused sign-in, a stolen token."""
    return Principal("identity", "身份服务", Role.SERVICE, alliance, frozenset())


def operator(alliance: str) -> Principal:
    """Whoever runs `hub user` at the machine."""
    return Principal("hub-cli", "命令行", Role.SERVICE, alliance, frozenset())
