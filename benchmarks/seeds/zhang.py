"""Zhang et al. 2020: class activation maps."""

from benchmarks.seeds._paper import Paper

PAPER = Paper(
    number="003", title="Zhang et al. 2020: class activation maps", citation=""
)
