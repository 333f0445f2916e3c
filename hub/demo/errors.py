"""What can go wrong while the demonstration loads, as one sentence for the terminal."""

from hub.errors import OperatorError


class DemoError(OperatorError):
    """The demonstration could not be loaded; the sentence says at which step and why."""
