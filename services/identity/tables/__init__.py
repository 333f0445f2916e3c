"""The schema `identity`. People, sessions and grants are an alliance's; clients, keys, revocations the deployment's."""

from services.identity.tables.base import Base
from services.identity.tables.federation import ExternalIdentity, FederationAttempt, IdentityProvider
from services.identity.tables.keys import SigningKeyRow
from services.identity.tables.oauth import AuthorizationCode, ClientAssertion, Consent, OAuthClient, RefreshToken
from services.identity.tables.people import Account, Alliance, Invitation, Person, Post, PostHolding, RecoveryCode
from services.identity.tables.sessions import LoginSession, Revocation, SignInGuard

__all__ = [
    "Account",
    "Alliance",
    "AuthorizationCode",
    "Base",
    "ClientAssertion",
    "Consent",
    "ExternalIdentity",
    "FederationAttempt",
    "IdentityProvider",
    "Invitation",
    "LoginSession",
    "OAuthClient",
    "Person",
    "Post",
    "PostHolding",
    "RecoveryCode",
    "RefreshToken",
    "Revocation",
    "SignInGuard",
    "SigningKeyRow",
]
