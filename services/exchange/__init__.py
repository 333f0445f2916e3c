"""Exchange: one feed of what changed in an alliance, and the webhooks that carry it to the units' own systems."""
