"""The wire contract: Create, Update and Read."""
