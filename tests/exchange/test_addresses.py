"""Where a webhook may go: public addresses only, whatever they are dressed up as."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.exchange.clients.addresses import Refused, may_reach, parse_address, reachable, resolve
from services.exchange.domain import Fault

pytestmark = pytest.mark.anyio

PUBLIC = ["8.8.8.8", "114.114.114.114", "223.5.5.5", "2400:3200::1", "2606:4700:4700::1111", "::ffff:8.8.8.8"]
OFFICE = [
    "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "127.0.0.1", "127.255.255.254",
    "::1", "fc00::1", "fd12:3456:789a::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::ffff:7f00:1",
]  # fmt: skip
NEVER = [
    "0.0.0.0", "0.1.2.3", "100.64.0.1", "100.100.100.200", "169.254.169.254", "169.254.0.1", "192.0.0.192",
    "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1",
    "255.255.255.255", "168.63.129.16", "192.88.99.1",
    "::", "fe80::1", "fe80::1%lo", "febf::1", "ff02::1", "ff0e::1", "fec0::1", "2001:db8::1", "100::1",
    "::ffff:169.254.169.254", "::ffff:0.0.0.0", "::127.0.0.1", "::10.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::1", "2002:a00:1::", "2001:0:53aa:64c::1",
]  # fmt: skip
"""Never, with whatever setting: link-local addresses answer cloud machines about themselves."""


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_reached(text: str) -> None:
    assert may_reach(parse_address(text), allow_private=False)


@pytest.mark.parametrize("text", OFFICE)
def test_private_addresses_only_by_the_setting(text: str) -> None:
    assert not may_reach(parse_address(text), allow_private=False)
    assert may_reach(parse_address(text), allow_private=True)


@pytest.mark.parametrize("text", NEVER)
@pytest.mark.parametrize("allow_private", [False, True])
def test_what_is_never_reached(text: str, allow_private: bool) -> None:
    assert not may_reach(parse_address(text), allow_private=allow_private)


@given(st.ip_addresses(v=4))
def test_an_address_dressed_up_as_ipv6_is_judged_as_itself(address: ipaddress.IPv4Address) -> None:
    dressed = parse_address(f"::ffff:{address}")
    for allow_private in (False, True):
        plain = may_reach(address, allow_private=allow_private)
        assert may_reach(dressed, allow_private=allow_private) is plain
        if not address.is_global:
            assert not may_reach(address, allow_private=False)


@given(st.ip_addresses(v=6))
def test_ipv6_leaves_for_the_global_unicast_range_only(address: ipaddress.IPv6Address) -> None:
    if may_reach(parse_address(str(address)), allow_private=False) and address.ipv4_mapped is None:
        assert address in ipaddress.ip_network("2000::/3")


async def reach(*addresses: str, scheme: str = "https", allow_private: bool = False) -> list[str]:
    async def lookup(_host: str, _port: int) -> list[str]:
        return list(addresses)

    return await reachable("hooks.test", 443, scheme=scheme, allow_private=allow_private, lookup=lookup)


async def test_one_bad_address_among_good_ones_refuses_the_name() -> None:
    assert await reach("8.8.8.8", "2400:3200::1") == ["8.8.8.8", "2400:3200::1"]
    for bad in ("10.0.0.1", "169.254.169.254", "::1"):
        with pytest.raises(Refused) as refused:
            await reach("8.8.8.8", bad)
        assert refused.value.fault is Fault.ADDRESS


async def test_a_name_without_an_address_is_refused() -> None:
    with pytest.raises(Refused):
        await reach()


async def test_plain_http_never_leaves_the_private_network() -> None:
    assert await reach("10.0.0.1", scheme="http", allow_private=True) == ["10.0.0.1"]
    for addresses in (["8.8.8.8"], ["10.0.0.1", "8.8.8.8"]):
        with pytest.raises(Refused):
            await reach(*addresses, scheme="http", allow_private=True)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "localhost", "[::1]".strip("[]")])
async def test_other_spellings_of_this_machine_resolve_to_what_is_refused(host: str) -> None:
    with pytest.raises(Refused) as refused:
        await reachable(host, 443, scheme="https", allow_private=False, lookup=resolve)
    assert refused.value.fault in (Fault.ADDRESS, Fault.NAME)


async def test_a_name_that_nobody_has_is_said_to_be_so() -> None:
    with pytest.raises(Refused) as refused:
        await resolve("no-such-host.invalid", 443)
    assert refused.value.fault is Fault.NAME
