"""Guo et al. 2020: FMCNN on minerals."""

from benchmarks.seeds._paper import Paper

PAPER = Paper(number="002", title="Guo et al. 2020: FMCNN on minerals", citation="")
