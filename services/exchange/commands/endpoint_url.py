"""Which addresses a unit may enter for an endpoint; where a host name leads is checked at each sending."""

import httpx

from services.exchange.clients.addresses import Address, is_private, may_reach, parse_address
from services.kernel.errors import FieldIssue, InvalidInput

PORTS = range(1, 65536)


def check_url(text: str, *, allow_private: bool) -> str:
    """The address as it will be used. Raises InvalidInput that says what is wrong with it."""
    try:
        url = httpx.URL(text)
        url.raw_host.decode("ascii")
    except (httpx.InvalidURL, UnicodeError, TypeError) as fault:
        raise _refused("url_malformed", "不是有效的网址，请填写完整的 https:// 地址。") from fault
    if url.scheme not in ("https", "http") or not url.host or (url.port is not None and url.port not in PORTS):
        raise _refused("url_malformed", "请填写完整的 https:// 地址。")
    if url.scheme == "http" and not allow_private:
        raise _refused("url_not_https", "只能推送到 https 地址；http 会泄露内容。")
    if url.userinfo or url.fragment:
        raise _refused("url_with_login", "地址中不能带用户名、密码或 # 片段；身份请用签名验证。")
    literal = _literal(url.host)
    if literal is not None and not _may_send(literal, url.scheme, allow_private=allow_private):
        raise _refused("url_address_refused", "不能推送到内部网络、本机或保留地址，请使用公网地址。")
    return str(url)


def _literal(host: str) -> Address | None:
    try:
        return parse_address(host)
    except ValueError:
        return None  # a name


def _may_send(address: Address, scheme: str, *, allow_private: bool) -> bool:
    return may_reach(address, allow_private=allow_private) and (scheme == "https" or is_private(address))


def _refused(code: str, sentence: str) -> InvalidInput:
    return InvalidInput([FieldIssue("url", code, sentence)])
