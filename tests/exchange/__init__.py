"""The exchange service: its feed, its webhooks, and what it refuses to reach."""
