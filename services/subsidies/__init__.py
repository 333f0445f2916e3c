"""Subsidies: rosters, claims, settlements and the money rules of a policy document."""
