"""The registry service through its HTTP interface, on a real PostgreSQL."""
