"""File formats: one module, one function `read` each."""
