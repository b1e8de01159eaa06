"""Zhang et al. 2020: class activation maps beside PLS-LDA and its VIP."""

from benchmarks.papers.zhang.experiments import PAPER

__all__ = ["PAPER"]
