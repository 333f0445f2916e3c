"""Calls to other services, each with its own narrow models."""
