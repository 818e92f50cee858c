"""A page to accept, correct or drop candidate rows."""
