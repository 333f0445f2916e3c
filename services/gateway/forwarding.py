"""Who really called: the peer's address, or what a configured proxy says of it.

`X-Forwarded-For` and `X-Forwarded-Proto` are read from the right, where the nearest proxy wrote; the first address that
is no proxy of ours is the caller. `Forwarded` (RFC 7239) is read where there is no `X-Forwarded-For`: a proxy that
writes `Forwarded` must therefore remove a client's `X-Forwarded-For`. Pure but for a small cache.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

RawHeaders = Iterable[tuple[bytes, bytes]]
Address = IPv4Address | IPv6Address
UNKNOWN = "-"


@dataclass(frozen=True)
class Origin:
    """A caller: its address (`-` if there is none), whether it spoke TLS (None: nobody said), whether it is ours."""

    address: str
    secure: bool | None = None
    ours: bool = False


class TrustedProxies:
    """The networks from which forwarding headers are believed.

    A peer on a unix socket has no address and is one of the hub's own processes: its word is taken as well. A caller
    that is itself in these networks, or on that socket, is `ours`: the hub's own traffic, not a stranger's.
    """

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks: list[IPv4Network | IPv6Network] = [ip_network(text.strip()) for text in networks]
        self._known = lru_cache(maxsize=4096)(self._plain)

    def origin(self, peer: str | None, headers: RawHeaders) -> Origin:
        """Where a request came from."""
        if peer is None:
            return self._told(headers, Origin(UNKNOWN, ours=True))
        plain = self._known(peer)
        return self._told(headers, plain) if plain.ours else plain

    def _plain(self, peer: str) -> Origin:
        address = read_address(peer)
        return Origin(str(address), ours=self._trusts(address)) if address else Origin(peer)

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._networks if network.version == address.version)

    def _told(self, headers: RawHeaders, peer: Origin) -> Origin:
        hops, schemes = _hops(headers)
        found = peer
        for hop in reversed(hops):
            address = read_address(hop)
            if address is None:  # "unknown", or nonsense: what stands further left is nobody's word
                break
            found = Origin(str(address), ours=self._trusts(address))
            if not found.ours:
                break
        secure = schemes[-1].lower() == "https" if schemes else None
        return Origin(found.address, secure, found.ours)


def _hops(headers: RawHeaders) -> tuple[list[str], list[str]]:
    """The addresses and schemes that the headers tell, nearest last."""
    said: dict[bytes, list[str]] = {b"x-forwarded-for": [], b"x-forwarded-proto": [], b"forwarded": []}
    for name, value in headers:
        if name in said:
            said[name] += [part.strip() for part in value.decode("latin-1").split(",")]
    elements = [_pairs(element) for element in said[b"forwarded"]]
    hops = said[b"x-forwarded-for"] or [pairs.get("for", "") for pairs in elements]
    schemes = said[b"x-forwarded-proto"] or [pairs["proto"] for pairs in elements if "proto" in pairs]
    return hops, schemes


def _pairs(element: str) -> dict[str, str]:
    """`for=192.0.2.60;proto=http` as a mapping; names in lower case, quotes taken off."""
    pairs = (pair.partition("=") for pair in element.split(";"))
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}


def read_address(text: str) -> Address | None:
    """An address as proxies write it: bare, with a port, in brackets, with a zone; IPv4 inside IPv6 becomes IPv4."""
    host = text.strip().strip('"')
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


@lru_cache(maxsize=4096)
def rate_key(address: str) -> str:
    """What is counted together: an IPv4 address, or the /64 that one IPv6 subscriber is given (RFC 6177)."""
    found = read_address(address)
    return str(ip_network((found, 64), strict=False)) if isinstance(found, IPv6Address) else address
