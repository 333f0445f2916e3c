"""Tests of what is needed to run the hub in containers."""
