"""What a question asks for: understanding, parts, follow-ups, small talk."""
