"""What every service shares. Imports no service.

Settings, clock, errors and their rendering, database sessions, tenancy, tokens, authorisation, pagination, ETags,
idempotency, audit, jobs, snapshots of other services, logs, health and metrics.
"""
