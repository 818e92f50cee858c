"""Readers: find the answer in the sentences of the passages."""

from .extractive import ExtractiveReader, Finding, Reader
from .views import View

__all__ = ["ExtractiveReader", "Finding", "Reader", "View"]
