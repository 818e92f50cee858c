"""Offline: documents in, an index generation out."""
