"""Fukuhara et al. 2019: contribution maps."""

from benchmarks.seeds._paper import Paper

PAPER = Paper(
    number="001", title="Fukuhara et al. 2019: contribution maps", citation=""
)
