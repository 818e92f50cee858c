"""Chinese text: folding, tokens, numbers, times, places, sentences."""
