"""Routes only."""
