"""Tokens that no library of good sense makes: unsigned ones, and HMACs with a public key as the secret."""

import base64
import hmac
import json
from typing import Any

from cryptography.hazmat.primitives import serialization


def encoded(part: dict[str, Any]) -> str:
    """A header or payload as it stands in a JWT."""
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """A token with `alg: none`."""
    return f"{encoded({**header, 'alg': 'none'})}.{encoded(claims)}."


def hmac_signed(header: dict[str, Any], claims: dict[str, Any], private_pem: str) -> str:
    """A token with `alg: HS256` whose secret is the public key: the confusion of algorithms."""
    private = serialization.load_pem_private_key(private_pem.encode(), None)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    text = f"{encoded({**header, 'alg': 'HS256'})}.{encoded(claims)}"
    mac = hmac.digest(public, text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"
