"""Guo et al. 2020: a network with a fire module names minerals of RRUFF."""

from benchmarks.papers.guo.experiments import PAPER

__all__ = ["PAPER"]
