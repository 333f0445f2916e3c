"""The way out to the units' sign-in systems: https, no redirects, bounded in time and size, public addresses only.

The host name is resolved here, every address it has is judged, and the connection goes to a judged address, so that a
second answer of the name server cannot lead elsewhere (DNS rebinding). TLS still checks the name.
"""

import asyncio
import ipaddress
import json
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from services.identity.federation.errors import ProofInvalid, ProviderDown, ProviderMisconfigured

CONNECT_SECONDS: Final = 3.0
TOTAL_SECONDS: Final = 10.0
BODY_BYTES: Final = 256 * 1024
SERVER_ERROR: Final = 500
NAT64 = ipaddress.ip_network("64:ff9b::/96")
HEADERS: Final = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",  # a small answer cannot unpack into a large one
    "User-Agent": "alliance-hub-identity/1",
}


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body as a JSON object. Raises ProofInvalid when it is anything else."""
        try:
            content = json.loads(self.body)
        except (ValueError, RecursionError) as fault:
            raise _not_json() from fault
        if not isinstance(content, dict):
            raise _not_json()
        return content


def _not_json() -> ProofInvalid:
    return ProofInvalid("单位登录系统的答复不是约定的 JSON 格式，请系统管理员检查接口地址。", code="answer_not_json")


class ProviderHttp:
    """Asks the units' systems; `private_allowed` opens private addresses, and plain http to these alone."""

    def __init__(self, *, private_allowed: bool, total_seconds: float = TOTAL_SECONDS) -> None:
        self._private_allowed = private_allowed
        self._total_seconds = total_seconds
        self._tls: ssl.SSLContext | None = None

    async def get(
        self, url: str, *, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        return await self._send("GET", url, params=params, headers=headers)

    async def post_form(self, url: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Answer:
        return await self._send("POST", url, data=dict(form), headers=headers)

    async def post_json(self, url: str, content: Mapping[str, str]) -> Answer:
        return await self._send("POST", url, json=dict(content))

    async def _send(self, method: str, url: str, **options: Any) -> Answer:
        """One request, answered in full. Raises ProviderDown or ProviderMisconfigured; a 5xx is 'down'."""
        try:
            async with asyncio.timeout(self._total_seconds):
                answer = await self._exchange(method, url, **options)
        except (httpx.TransportError, TimeoutError) as fault:
            raise ProviderDown(
                "单位登录系统没有应答或连接失败，请稍后再试；持续如此请联系本单位的系统维护人员。",
                retry_after_seconds=30,
            ) from fault
        except httpx.InvalidURL as fault:
            raise ProviderMisconfigured("单位登录系统的接口地址无法识别，请系统管理员检查配置。") from fault
        if answer.status >= SERVER_ERROR:
            raise ProviderDown(
                f"单位登录系统内部出错（状态 {answer.status}），请稍后再试；持续如此请联系本单位的系统维护人员。",
                retry_after_seconds=30,
            )
        return answer

    async def _exchange(self, method: str, url: str, **options: Any) -> Answer:
        self._tls = self._tls or httpx.create_ssl_context()
        transport = _JudgedTransport(httpx.AsyncHTTPTransport(verify=self._tls), private_allowed=self._private_allowed)
        timeout = httpx.Timeout(self._total_seconds, connect=CONNECT_SECONDS)
        headers = {**HEADERS, **(options.pop("headers", None) or {})}
        async with httpx.AsyncClient(transport=transport, timeout=timeout, follow_redirects=False) as client:
            async with client.stream(method, url, headers=headers, **options) as response:
                return Answer(response.status_code, await _bounded(response))


async def _bounded(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > BODY_BYTES:
            raise ProviderMisconfigured("单位登录系统的答复过大，请系统管理员检查接口地址。", code="answer_too_large")
    return bytes(body)


class _JudgedTransport(httpx.AsyncBaseTransport):
    """Sends a request to the first address of its host that answers, after every one was found permitted."""

    def __init__(self, inner: httpx.AsyncBaseTransport, *, private_allowed: bool) -> None:
        self._inner = inner
        self._private_allowed = private_allowed

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        addresses = await _resolved(host, request.url.port or (443 if request.url.scheme == "https" else 80))
        for address in addresses:
            self._judge(request.url.scheme, address)
        request.extensions = {**request.extensions, "sni_hostname": host}
        for address in addresses[:-1]:
            try:
                return await self._to(request, address)
            except httpx.ConnectError:
                continue  # the host has another address
        return await self._to(request, addresses[-1])

    async def _to(self, request: httpx.Request, address: str) -> httpx.Response:
        request.url = request.url.copy_with(host=address)
        return await self._inner.handle_async_request(request)

    def _judge(self, scheme: str, address: str) -> None:
        public = is_public(address)
        if not public and not self._private_allowed:
            raise ProviderMisconfigured(
                "单位登录系统的地址指向内部网络，为安全起见没有连接；确需使用内网地址时，请由运维人员打开相应设置。",
                code="address_private",
            )
        if scheme != "https" and public:
            raise ProviderMisconfigured("单位登录系统的接口地址必须以 https:// 开头。", code="address_not_https")

    async def aclose(self) -> None:
        await self._inner.aclose()


async def _resolved(host: str, port: int) -> list[str]:
    """Every address of a host, in the order of the name server. Raises httpx.ConnectError."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as fault:
        raise httpx.ConnectError("the name could not be resolved") from fault
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Whether an address belongs to the public internet; one that carries an IPv4 address is judged by that too."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inside = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inside is None and ip in NAT64:
            inside = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inside is not None:
            return is_public(str(inside))
    return ip.is_global and not ip.is_multicast
