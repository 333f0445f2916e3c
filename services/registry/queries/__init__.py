"""Read functions that take a session and a scope."""
