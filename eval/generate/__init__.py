"""Candidate questions out of any documents: a gold set to start from, for a person to accept, correct or drop.

`make.candidates` asks each sentence for what it says, `roundtrip` keeps what is found again in the full index.
"""
