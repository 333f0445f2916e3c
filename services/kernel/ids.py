"""Identifiers of entities."""

from uuid import UUID, uuid4


def new_id() -> UUID:
    """Return a fresh entity id; made here so that every PostgreSQL from 15 on serves alike."""
    return uuid4()
