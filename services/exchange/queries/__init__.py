"""Read functions that take a session."""
