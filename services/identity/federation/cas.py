"""CAS protocol 3 (apereo.github.io/cas, CAS-Protocol-Specification): a ticket that the hub validates once.

CAS knows neither state nor nonce: the state travels inside the service address, and the ticket is good only for that
very address (2.5.1), so a ticket of another attempt or another application is refused by the CAS server.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from services.identity.federation.config import CasConfig
from services.identity.federation.errors import ProofInvalid, ProviderMisconfigured
from services.identity.federation.flow import Attempt, External, external, new_secret
from services.identity.federation.http import Answer, ProviderHttp

NAMESPACE: Final = "{http://www.yale.edu/tp/cas}"
OK: Final = 200
UNKNOWN_SERVICE: Final = frozenset({"UNAUTHORIZED_SERVICE", "UNAUTHORIZED_SERVICE_PROXY"})
OTHER_SERVICE: Final = "INVALID_SERVICE"
"""2.5.3: the ticket was made for another address; for a ticket that never was, that the address is not known."""


class CasAdapter:
    """A CAS 3 server."""

    def __init__(self, config: CasConfig, http: ProviderHttp) -> None:
        self._config = config
        self._http = http

    async def begin(self, attempt: Attempt) -> str:
        return f"{self._config.base_url}/login?{urlencode({'service': _service(attempt)})}"

    async def complete(self, attempt: Attempt, parameters: Mapping[str, str]) -> External:
        ticket = parameters.get("ticket", "")
        if not ticket.startswith("ST-"):  # the specification, 3.1.1: a service ticket begins so
            raise ProofInvalid("CAS 返回的地址缺少票据，请返回登录页重试。", code="ticket_missing")
        success = _success(await self._validated(ticket, attempt))
        attributes = _attributes(success)
        subject = success.findtext(f"{NAMESPACE}user")
        if self._config.subject_attribute:
            subject = attributes.get(self._config.subject_attribute)
        return external((subject or "").strip(), attributes.get(self._config.name_attribute, ""))

    async def check(self, callback: str) -> None:
        """Validate a ticket that cannot be: a CAS server that knows the hub complains about the ticket only."""
        document = await self._validated("ST-0-hub-configuration-check", Attempt(new_secret(), "", "", callback))
        failure = document.find(f"{NAMESPACE}authenticationFailure")
        code = failure.get("code", "") if failure is not None else ""
        if code in UNKNOWN_SERVICE or code == OTHER_SERVICE:
            raise _not_registered()
        if code not in ("INVALID_TICKET", "INVALID_TICKET_SPEC"):
            raise ProviderMisconfigured("CAS 没有按协议答复校验请求，请检查 CAS 地址。", code="cas_unexpected")

    async def _validated(self, ticket: str, attempt: Attempt) -> Element:
        answer = await self._http.get(
            f"{self._config.base_url}/p3/serviceValidate",
            params={"service": _service(attempt), "ticket": ticket},
            headers={"Accept": "application/xml, text/xml"},
        )
        return _document(answer)


def _service(attempt: Attempt) -> str:
    """The address to which CAS sends the browser back, the same in both steps."""
    return f"{attempt.callback}?{urlencode({'state': attempt.state})}"


def _document(answer: Answer) -> Element:
    """The answer as XML. No document type, so no entity of any sort (CWE-611, CWE-776). Raises ProofInvalid."""
    if answer.status != OK:
        raise ProviderMisconfigured(
            f"CAS 校验接口答复异常（状态 {answer.status}），请系统管理员检查 CAS 地址和是否支持 CAS 3.0。",
            code="cas_status",
        )
    try:
        document: Element = fromstring(answer.body.decode(), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as fault:
        raise ProofInvalid("CAS 返回的内容无法安全读取，没有登录，请联系系统管理员。", code="cas_xml") from fault
    return document


def _success(document: Element) -> Element:
    failure = document.find(f"{NAMESPACE}authenticationFailure")
    if failure is not None and failure.get("code") in UNKNOWN_SERVICE:
        raise _not_registered()
    success = document.find(f"{NAMESPACE}authenticationSuccess")
    if document.tag != f"{NAMESPACE}serviceResponse" or success is None or failure is not None:
        raise ProofInvalid("CAS 没有接受登录票据，可能已过期或已用过，请返回登录页重试。", code="ticket_refused")
    return success


def _attributes(success: Element) -> dict[str, str]:
    """The attributes by name; of a repeated one the first counts."""
    found: dict[str, str] = {}
    for attribute in success.iterfind(f"{NAMESPACE}attributes/*"):
        found.setdefault(attribute.tag.removeprefix(NAMESPACE), (attribute.text or "").strip())
    return found


def _not_registered() -> ProviderMisconfigured:
    return ProviderMisconfigured("CAS 没有登记本系统的回调地址，请对方管理员登记后再试。", code="service_unknown")
