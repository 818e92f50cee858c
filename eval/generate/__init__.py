"""Candidate questions from any documents."""
