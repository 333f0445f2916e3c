"""Which network addresses a webhook may go to: the public internet, and with the setting also private networks.

A host name is resolved once, every address it has is checked, and the connection goes to an address that was checked
(`receivers.py`), so that a name which answers differently the second time gains nothing (DNS rebinding).
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from services.exchange.domain import Fault

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]
MOST_ADDRESSES: Final = 4


def _networks(*texts: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(text) for text in texts]


PRIVATE: Final = _networks(
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8",  # RFC 1918, RFC 1122
    "fc00::/7", "::1/128",  # RFC 4193, RFC 4291
)  # fmt: skip
"""What `HUB_EXCHANGE_ALLOW_PRIVATE_ADDRESSES` opens: an office network and this machine, nothing else."""

NEVER: Final = _networks(
    "192.0.0.0/24", "192.88.99.0/24",  # IETF protocols, 6to4 relays (RFC 6890, RFC 7526)
    "168.63.129.16/32",  # a public address that answers cloud machines about themselves
    "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32",  # IPv4 within IPv6: NAT64, 6to4, Teredo
    "fec0::/10",  # site-local, given up by RFC 3879
)  # fmt: skip
"""Beside everything that the IANA registries do not call global: link-local (metadata), multicast, reserved."""


class Refused(Exception):
    """An attempt that may not or cannot be made; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


def parse_address(text: str) -> Address:
    """The address; an IPv4 address mapped into IPv6 (`::ffff:10.0.0.1`) counts as the IPv4 one. Raises ValueError."""
    address = ipaddress.ip_address(text)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def is_private(address: Address) -> bool:
    return _within(address, PRIVATE)


def may_reach(address: Address, *, allow_private: bool) -> bool:
    """Whether a webhook may go to this address."""
    if is_private(address):
        return allow_private
    special = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_link_local
    return address.is_global and not special and not _within(address, NEVER)


def _within(address: Address, networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, by the system's resolver. Raises Refused when it has none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as fault:
        raise Refused(Fault.NAME) from fault
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def reachable(host: str, port: int, *, scheme: str, allow_private: bool, lookup: Resolve) -> list[str]:
    """Addresses to connect to, all of them checked. Raises Refused if any is not allowed, or http would leave for
    the public internet.
    """
    texts = await lookup(host, port)
    addresses = [parse_address(text) for text in texts]
    allowed = all(may_reach(address, allow_private=allow_private) for address in addresses)
    if not addresses or not allowed or (scheme != "https" and not all(map(is_private, addresses))):
        raise Refused(Fault.ADDRESS)
    return [str(address) for address in addresses][:MOST_ADDRESSES]
