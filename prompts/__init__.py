"""Prompt templates, one a language."""
