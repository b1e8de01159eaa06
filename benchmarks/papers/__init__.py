"""The experiments of four papers, done again: `python -m benchmarks.papers`."""
