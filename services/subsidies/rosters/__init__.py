"""Roster files: their columns, the checks of their rows, and the way into the tables."""
