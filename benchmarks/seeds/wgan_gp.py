"""Augmentation with WGAN-GP: a poster."""

from benchmarks.seeds._paper import Paper

PAPER = Paper(number="004", title="Augmentation with WGAN-GP: a poster", citation="")
