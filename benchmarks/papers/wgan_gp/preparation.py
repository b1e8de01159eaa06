"""Step 1 of the poster on spectra of which the baseline is known."""

import numpy as np

from benchmarks.papers.wgan_gp.data import BASELINE, SMOOTHING
from sklearn_raman.datasets import make_raman_spectra
from sklearn_raman.preprocessing import AIRPLS, WhittakerSmoother


def preparation(seed, n):
    """Smooth and correct simulated spectra; what is left of background and noise.

    Returns
    -------
    dict
        `background_left`: rms of the baseline's error over rms of the fluorescence,
        each without its mean over the spectrum; `noise_left`: rms of what smoothing
        leaves of the noise, lines not counted.
    """
    raw, _, truth = make_raman_spectra(
        n,
        spike_rate=0,
        wavenumbers=(400.0, 1398.0, 2.0),
        as_frame=True,
        return_truth=True,
        random_state=seed,
    )
    smoother = WhittakerSmoother(cutoff=SMOOTHING).set_output(transform="pandas")
    smooth = smoother.fit_transform(raw)
    baseline = (smooth - AIRPLS(cutoff=BASELINE).fit_transform(smooth)).to_numpy()
    clean = raw - truth.noise
    distortion = smooth - smoother.transform(clean)
    return {
        "background_left": _varying(baseline - truth.fluorescence)
        / _varying(truth.fluorescence),
        "noise_left": float(np.sqrt((distortion.to_numpy() ** 2).mean()))
        / float(np.sqrt((np.asarray(truth.noise) ** 2).mean())),
    }


def _varying(curves):
    curves = np.asarray(curves)
    return float(np.sqrt(((curves - curves.mean(axis=1, keepdims=True)) ** 2).mean()))
