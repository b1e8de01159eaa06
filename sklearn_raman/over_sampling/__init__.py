"""Synthetic spectra for small classes, and how far to believe them."""

from sklearn_raman.over_sampling._report import SynthesisReport, synthesis_report

__all__ = ["SynthesisReport", "synthesis_report"]
