"""Synthetic spectra for small classes, and how far to believe them."""

from sklearn_raman.over_sampling._report import SynthesisReport, synthesis_report
from sklearn_raman.over_sampling._wgan_gp import WGANGP

__all__ = ["SynthesisReport", "WGANGP", "synthesis_report"]
