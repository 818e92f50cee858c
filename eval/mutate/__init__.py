"""Stress variants of an accepted gold set."""
