"""Fukuhara et al. 2019: what a network looks at in Raman spectra."""

from benchmarks.papers.fukuhara.experiments import PAPER

__all__ = ["PAPER"]
