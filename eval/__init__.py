"""Gold sets, scores and benchmarks."""
