"""The liar test: a stub language model that says true and untrue things of known kinds, held to the proof."""
