"""Passages for a question: two searches, fused and weighed, and rerankers."""
