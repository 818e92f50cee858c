"""Whether sources prove a statement: figures, dates, names, negation, wording."""
