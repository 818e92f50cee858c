"""The chat window and the HTTP API."""
