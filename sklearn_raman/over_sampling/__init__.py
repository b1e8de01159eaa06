"""Synthetic spectra for small classes, and how far to believe them."""

from typing import TYPE_CHECKING

from sklearn_raman.over_sampling._bootstrap import SpectrumBootstrap
from sklearn_raman.over_sampling.report import SynthesisReport, synthesis_report

if TYPE_CHECKING:
    from sklearn_raman.over_sampling._wgan_gp import WGANGP

__all__ = ["SpectrumBootstrap", "SynthesisReport", "WGANGP", "synthesis_report"]


def __dir__():
    return [*__all__, "report"]


def __getattr__(name):
    """Import torch only where a network is wanted: the others need none."""
    if name != "WGANGP":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from sklearn_raman.over_sampling._wgan_gp import WGANGP

    return WGANGP
