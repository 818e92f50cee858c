"""Stress variants of a gold set: the same questions asked badly, over changed documents, or of another year or place.

`table.KINDS` lists the kinds; each is a function with its promise for a docstring and a check that it was kept.
"""
