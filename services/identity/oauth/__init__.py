"""Authlib's authorization server on our tables: grants, client authentication, revocation."""
