"""The worker: jobs that outlive the process that ran them."""
