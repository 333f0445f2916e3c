"""One process that runs every service's background jobs, each from its own queue with its own database role."""
