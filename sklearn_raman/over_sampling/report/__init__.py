"""Is a set of synthetic spectra any good? Measured on real spectra held out."""

from sklearn_raman.over_sampling.report._report import SynthesisReport, synthesis_report

__all__ = ["SynthesisReport", "synthesis_report"]


def __dir__():
    return __all__
