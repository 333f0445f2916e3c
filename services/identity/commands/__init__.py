"""One use case a file; a command changes and audits, and never commits."""
