"""Augmentation with WGAN-GP: a poster without figures, put to the test."""

from benchmarks.papers.wgan_gp.experiments import PAPER

__all__ = ["PAPER"]
