"""The chat inside another page: its script, the page in its frame, who may frame it, and the page that writes the snippet."""
