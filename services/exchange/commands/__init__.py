"""One use case a file; a command never commits."""
