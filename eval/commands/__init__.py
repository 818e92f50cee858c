"""The commands of `zhiyin eval`, one module each."""
