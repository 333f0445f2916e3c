"""One use case per file: load, check, change, audit. Commands never commit."""
