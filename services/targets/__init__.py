"""Targets: the indicators and tasks that a document promises, what units report, and how far each one is."""
