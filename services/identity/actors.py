"""Who stands in the audit log for what identity does without a token: a person, identity itself, or the operator."""

from services.identity.tables import Account, OAuthClient
from services.kernel.permissions import Role
from services.kernel.principal import Principal


def account_holder(account: Account) -> Principal:
    """The account's holder, once the password or a credential proved it, before a post was chosen."""
    return Principal(str(account.id), account.person.name, Role.SERVICE, account.alliance, frozenset())


def program(client: OAuthClient) -> Principal:
    """A program that speaks for itself, once it authenticated: a county's machine client, in its home alliance."""
    return Principal(
        subject=client.client_id,
        name=client.name,
        role=Role(str(client.role)),
        alliance=str(client.alliance),
        scopes=frozenset(),
        division=client.division,
        client_id=client.client_id,
    )


def identity_itself(alliance: str) -> Principal:
    """The service, for what nobody who is known did: a refused sign-in, a stolen token."""
    return Principal("identity", "身份服务", Role.SERVICE, alliance, frozenset())


def operator(alliance: str) -> Principal:
    """Whoever runs `hub user` at the machine."""
    return Principal("hub-cli", "命令行", Role.SERVICE, alliance, frozenset())
