"""Sending over the real network of this machine: pinned addresses, TLS by name, no redirects, no proxies."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.exchange.clients.receivers import KEPT_BYTES, Answer, Sender
from services.exchange.domain import Fault
from tests.exchange.receiver import Receiver, answer, listening

pytestmark = pytest.mark.anyio
NAME = "hooks.county.test"


class Names:
    """A resolver of the test's own: each name's addresses, in turn; remembers what it was asked."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append((host, port))
        return self.answers.pop(0)


def sender(lookup: Names, *, allow_private: bool = True, trust: ssl.SSLContext | None = None) -> Sender:
    return Sender(allow_private=allow_private, seconds=5, lookup=lookup, trust=trust)


async def post(used: Sender, url: str) -> Answer:
    return await used.post(url, {"webhook-id": "m"}, "{}")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for the name alone, which signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    chain, private = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return chain, private


@pytest.fixture
def secured(certificate: tuple[Path, Path]) -> Iterator[Receiver]:
    with listening(Receiver(), certificate) as running:
        yield running


@pytest.fixture
def trust(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate[0]))


async def test_the_name_is_asked_once_and_its_checked_address_is_used(receiver: Receiver) -> None:
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    assert (await post(sender(names), f"http://{NAME}:{receiver.port}/x?y=1")).delivered
    assert names.asked == [(NAME, receiver.port)]
    assert receiver.got[0].headers["host"] == f"{NAME}:{receiver.port}"


async def test_a_name_that_answers_differently_the_second_time_gains_nothing(receiver: Receiver) -> None:
    """DNS rebinding: a public address when it is checked, a private one when it would be connected to."""
    names = Names(["192.0.2.1"], ["127.0.0.1"])
    refused = await post(sender(names, allow_private=False), f"https://{NAME}:{receiver.port}/")
    assert refused.fault is Fault.ADDRESS
    assert receiver.got == []
    assert len(names.asked) == 1


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.1", "::ffff:127.0.0.1"])
async def test_a_private_address_is_not_even_connected_to(receiver: Receiver, address: str) -> None:
    for scheme in ("http", "https"):
        names = Names([address])
        outcome = await post(sender(names, allow_private=False), f"{scheme}://{NAME}:{receiver.port}/")
        assert outcome == Answer(fault=Fault.ADDRESS)
    assert receiver.got == []


async def test_tls_is_checked_by_name_though_the_connection_goes_to_an_address(
    secured: Receiver, trust: ssl.SSLContext
) -> None:
    outcome = await post(sender(Names(["127.0.0.1"]), trust=trust), f"https://{NAME}:{secured.port}/")
    assert outcome.delivered
    assert secured.got[0].headers["host"] == f"{NAME}:{secured.port}"
    other = await post(sender(Names(["127.0.0.1"]), trust=trust), f"https://other.test:{secured.port}/")
    assert other.fault is Fault.CONNECTION, "the certificate is for another name"
    unknown = await post(sender(Names(["127.0.0.1"])), f"https://{NAME}:{secured.port}/")
    assert unknown.fault is Fault.CONNECTION, "nobody vouches for this certificate"
    assert len(secured.got) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_to_a_private_address_is_a_failure_and_not_followed(receiver: Receiver, status: int) -> None:
    with listening(Receiver()) as inner:
        receiver.script = [answer(status, location=f"http://127.0.0.1:{inner.port}/secret")]
        outcome = await post(sender(Names(["127.0.0.1"])), f"http://{NAME}:{receiver.port}/")
        assert (outcome.status, outcome.fault) == (status, Fault.STATUS)
        assert inner.got == []


async def test_no_proxy_of_the_environment_is_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(Receiver()) as proxy:
        for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
        assert (await post(sender(Names(["127.0.0.1"])), f"http://{NAME}:{receiver.port}/")).delivered
        assert (len(receiver.got), proxy.got) == (1, [])


async def test_the_next_address_is_tried_when_one_does_not_answer(receiver: Receiver) -> None:
    names = Names(["127.0.0.2", "::1", "127.0.0.1"])  # the receiver listens on the last one only
    assert (await post(sender(names), f"http://{NAME}:{receiver.port}/")).delivered
    assert len(receiver.got) == 1


async def test_a_body_without_end_is_cut_and_its_status_counts() -> None:
    async def endless(scope: object, receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
        for _ in range(100):
            await send({"type": "http.response.body", "body": b"x" * 500, "more_body": True})  # type: ignore[operator]

    class Endless(Receiver):
        async def __call__(self, scope: object, receive: object, send: object) -> None:
            await endless(scope, receive, send)

    with listening(Endless()) as running:
        outcome = await post(sender(Names(["127.0.0.1"])), f"http://{NAME}:{running.port}/")
    assert outcome.delivered
    assert len(outcome.text) == KEPT_BYTES


@pytest.mark.parametrize("url", ["http://", "http://[bad", "https://\udce9/"])
async def test_an_address_that_is_none_is_an_answer_and_no_crash(url: str) -> None:
    outcome = await post(sender(Names(["127.0.0.1"])), url)
    assert outcome.fault in (Fault.CONNECTION, Fault.NAME, Fault.ADDRESS)


async def test_a_receiver_by_ipv6(receiver: Receiver) -> None:
    """An IPv6 literal is pinned with its brackets; nobody listens there, which is a plain failure to connect."""
    outcome = await post(sender(Names(["::1"])), f"http://[::1]:{receiver.port}/")
    assert outcome.fault is Fault.CONNECTION
