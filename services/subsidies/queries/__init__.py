"""Read functions that take a session, by subject."""
