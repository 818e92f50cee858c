"""How good answers are, as pure functions of values."""
