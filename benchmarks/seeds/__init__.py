"""Experiments of four papers, done again: `python -m benchmarks.seeds`."""
