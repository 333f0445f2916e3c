"""One use case per file; none commits."""
