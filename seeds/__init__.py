"""The documents that the project ships with."""
