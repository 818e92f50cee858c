"""Readers: find the answer in the sentences of the passages."""

from .extractive import Context, ExtractiveReader, Finding, Reader, load_extractive
from .views import View

__all__ = ["Context", "ExtractiveReader", "Finding", "Reader", "View", "load_extractive"]
