"""Pure: from an indicator's parameters and what was reported to a value, a status and its sentence."""
