"""Zhiyin 知引: question answering over an organisation's own documents, with proof."""

__version__ = "0.1.0"
