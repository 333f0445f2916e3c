"""What several suites use: the test server, tokens, service clients."""
