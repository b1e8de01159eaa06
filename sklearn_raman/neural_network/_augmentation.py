"""Variations of training spectra that a spectrometer could have measured."""

from __future__ import annotations

from math import ceil, log, pi
from numbers import Real

import torch
from scipy.fft import next_fast_len
from sklearn.base import BaseEstimator, clone
from torch.nn import functional

from sklearn_raman._utils._sklearn import (
    DocLinkMixin,
    Interval,
    validate_parameter_constraints,
)

# What counts as full variation between spectra of a set, see `strength_for`.
_FULL_SHARE = 0.7
# Of second differences of white noise: median absolute value over its deviation.
_NORMAL = 0.6745 * 6**0.5
_REACH = 1.3  # of a Gaussian, in full widths: 3 standard deviations
_N_WAVES = 4  # cosines in a smooth random curve
_BASELINE_IN_NOISE = 0.5  # size of baselines where spectra are noisy
_NOISY = 0.2  # the augmentation's largest noise from which spectra are noisy
_HIGHER, _BROADER = 4.0, 2.0  # than in training, where logits are calibrated
_OF_A_BATCH = {
    "spacing": [Interval(Real, 0, None, closed="neither")],
    "strength": [Interval(Real, 0, None, closed="left")],
    "least_noise": [Interval(Real, 0, None, closed="left")],
}


class Augmentation(DocLinkMixin, BaseEstimator):
    """Random variations of spectra, drawn anew for each batch in training.

    In this order: a mixture with another spectrum of the same class, a shift and a
    stretch of the wavenumber axis, broader bands, a smooth gain, a smooth
    baseline, white noise. By default they vary as much as spectra of another
    spectrometer do, with its resolution, its calibration and its background. Then mean
    and standard deviation of each spectrum are set back to what they were, so that
    spectra that came in normalized (:class:`~sklearn_raman.preprocessing.SNV`) stay so.

    A strength of 0 leaves a step out. All strengths but `mixup` are for sets whose
    spectra differ much from one another; where they are alike (one kind of tablet, one
    kind of oil), what tells classes apart is as small as these variations. The
    classifier scales them down then, in proportion to the share of the set's standard
    deviation that is left around its mean spectrum.

    Parameters
    ----------
    shift : float, default=3.0
        Largest shift of the axis, in cm-1; uniform in both directions. Where the axis
        is not known, a point counts as 2 cm-1.
    stretch : float, default=0.0
        Largest relative stretch around the center of the axis (0.001 moves the ends of
        1000 cm-1 by 0.5 cm-1).
    broadening : float, default=10.0
        Largest full width at half maximum, in cm-1, of a Gaussian that blurs the
        spectrum, as a coarser spectrometer does; the width is uniform between 0 and
        this.
    gain : float, default=0.0
        Standard deviation of the logarithm of a smooth factor.
    baseline : float, default=2.0
        Largest size of a smooth curve that is added, relative to the standard deviation
        of the spectrum; the size is uniform between 0 and this.
    noise : float, default=0.1
        Largest standard deviation of white noise, relative to that of the spectrum; the
        level is uniform between 0 and this.
    mixup : float, default=1.0
        Largest share of another spectrum of the same class and batch that is mixed in;
        the share is uniform between 0 and this.

    Notes
    -----
    Random numbers come from torch's default generator, which the classifier seeds.

    Examples
    --------
    >>> from sklearn_raman.neural_network import Augmentation, CNNClassifier
    >>> cnn = CNNClassifier(augmentation=Augmentation(shift=1.0, noise=0.3))
    >>> _ = cnn.set_params(augmentation__noise=0.2)
    """

    _parameter_constraints: dict = {
        "shift": [Interval(Real, 0, None, closed="left")],
        "stretch": [Interval(Real, 0, 1, closed="left")],
        "broadening": [Interval(Real, 0, None, closed="left")],
        "gain": [Interval(Real, 0, None, closed="left")],
        "baseline": [Interval(Real, 0, None, closed="left")],
        "noise": [Interval(Real, 0, None, closed="left")],
        "mixup": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(
        self,
        *,
        shift: float = 3.0,
        stretch: float = 0.0,
        broadening: float = 10.0,
        gain: float = 0.0,
        baseline: float = 2.0,
        noise: float = 0.1,
        mixup: float = 1.0,
    ) -> None:
        self.shift = shift
        self.stretch = stretch
        self.broadening = broadening
        self.gain = gain
        self.baseline = baseline
        self.noise = noise
        self.mixup = mixup

    def augment(
        self,
        X: torch.Tensor,
        y: torch.Tensor,
        *,
        spacing: float = 2.0,
        strength: float = 1.0,
        least_noise: float = 0.0,
    ) -> torch.Tensor:
        """Return varied spectra.

        Parameters
        ----------
        X : torch.Tensor of shape (n_spectra, n_points)
            A batch.
        y : torch.Tensor of shape (n_spectra,)
            Class positions.
        spacing : float, default=2.0
            Distance between points in cm-1.
        strength : float, default=1.0
            Factor for all strengths but `mixup`.
        least_noise : float, default=0.0
            Below this the largest standard deviation of white noise does not fall.

        Returns
        -------
        torch.Tensor of shape (n_spectra, n_points)
        """
        # Not get_params, which reads the signature again for each batch.
        given = {name: getattr(self, name) for name in self._parameter_constraints}
        given |= {"spacing": spacing, "strength": strength, "least_noise": least_noise}
        validate_parameter_constraints(
            _OF_A_BATCH | self._parameter_constraints, given, type(self).__name__
        )
        if X.ndim != 2 or y.shape != X.shape[:1]:
            raise ValueError(
                "X must hold spectra, (n_spectra, n_points), and y a class for each, "
                f"got the shapes {tuple(X.shape)} and {tuple(y.shape)}."
            )
        mean, deviation = _level(X)
        if self.mixup:
            partner, share = _partners(y, X), self.mixup * _uniform(X)
            X, mean, deviation = (
                torch.lerp(own, own[partner], share) for own in (X, mean, deviation)
            )
        if self.shift or self.stretch:
            shift = _symmetric(X) * strength * self.shift / spacing
            stretch = _symmetric(X) * strength * self.stretch
            X = move_axis(X, shift, stretch)
        if self.broadening:
            largest = min(strength * self.broadening / spacing, X.shape[1])
            X = blur(X, largest * _uniform(X), largest)
        if self.gain:
            X = X * torch.exp(smooth_curves(X, strength * self.gain))
        if self.baseline:
            size = strength * self.baseline * _uniform(X)
            X = X + deviation * smooth_curves(X, size)
        if largest := max(strength * self.noise, least_noise):
            level = largest * _uniform(X)
            X = X + deviation * level * torch.randn_like(X)
        new_mean, new_deviation = _level(X)
        factor = deviation / torch.where(new_deviation > 0, new_deviation, 1)
        return (X - new_mean) * factor + mean


def augmentation_for(noise, n_points):
    """Return the augmentation "auto" of spectra with some noise.

    Baselines and broader bands count for less, the more noise there is: with little
    they cost nothing, on noisy minerals up to four points of accuracy. Why was not
    tested; what is likely: the slow part of a noisy spectrum is its most certain one,
    and a large baseline covers it; a blurred copy has less noise than the spectra to be
    recognized.

    Parameters
    ----------
    noise : float
        Largest noise of the augmentation, relative to the standard deviation of a
        spectrum (twice what spectra have); from 0.2 on nothing is broadened.
    n_points : int
        Number of points of a spectrum. With fewer than three, noise is not known and
        nothing is broadened.
    """
    full = Augmentation()
    quiet = max(0.0, 1.0 - noise / _NOISY) if n_points > 2 else 0.0
    return Augmentation(
        broadening=quiet * full.broadening,
        baseline=_BASELINE_IN_NOISE + quiet * (full.baseline - _BASELINE_IN_NOISE),
    )


def wider_than(augmentation):
    """Return an augmentation with higher baselines and broader bands than another."""
    return clone(augmentation).set_params(
        baseline=_HIGHER * augmentation.baseline,
        broadening=_BROADER * augmentation.broadening,
    )


def strength_for(share):
    """Return the strength for a set, from the share of its variation within the set.

    Parameters
    ----------
    share : float
        Standard deviation around the mean spectrum over that around the overall mean:
        near 1 where spectra have hardly anything in common (minerals), 0.01 to 0.05
        where they differ in details (tablets, oils).
    """
    return min(1.0, share / _FULL_SHARE)


def noise_of(X):
    """Return the noise of the spectra of a set, relative to what is in a spectrum.

    Parameters
    ----------
    X : torch.Tensor of shape (n_spectra, n_points)
        Spectra.

    Returns
    -------
    float
        Median over the spectra of the standard deviation of white noise, by the median
        of the absolute second differences, which bands hardly move, over the standard
        deviation of the spectrum.
    """
    if X.shape[1] < 3:
        return 0.0
    bends = (X[:, 2:] - 2 * X[:, 1:-1] + X[:, :-2]).abs().median(dim=1).values
    deviation = X.std(dim=1, correction=0)
    found = (bends / deviation)[deviation > 0]
    return float(found.median()) / _NORMAL if len(found) else 0.0


def move_axis(X, shift, stretch):
    """Shift and stretch each spectrum (both of shape (n_spectra, 1)), in points.

    Linear interpolation; beyond an end the spectrum keeps the value of that end.
    """
    n_points = X.shape[1]
    if n_points == 1:
        return X
    points = torch.arange(n_points, dtype=X.dtype, device=X.device)
    source = points + shift + (points - (n_points - 1) / 2) * stretch
    source = source.clamp(0, n_points - 1)
    left = source.long().clamp(max=n_points - 2)
    return torch.lerp(X.gather(1, left), X.gather(1, left + 1), source - left)


def blur(X, width, largest):
    """Convolve each spectrum with a Gaussian of its own width.

    Beyond an end the spectrum keeps the value of that end.

    Parameters
    ----------
    X : torch.Tensor of shape (n_spectra, n_points)
    width : torch.Tensor of shape (n_spectra, 1)
        Full widths at half maximum, in points.
    largest : float
        No width is larger.
    """
    n_points = X.shape[1]
    reach = ceil(min(_REACH * largest, n_points))
    length = next_fast_len(n_points + 2 * reach, real=True)
    ends = (reach, length - n_points - reach)
    padded = functional.pad(X[None], ends, mode="replicate")[0]
    # As a product of spectra: a third of the time of a convolution.
    frequencies = torch.fft.rfftfreq(length, dtype=X.dtype, device=X.device)
    weights = torch.exp(-((pi * frequencies * width) ** 2) / (4 * log(2)))
    blurred = torch.fft.irfft(torch.fft.rfft(padded) * weights, n=length)
    return blurred[:, reach : reach + n_points]


def smooth_curves(X, size):
    """Draw a sum of slow cosines for each spectrum; wave m has a height of size / m."""
    n_spectra, n_points = X.shape
    numbers = torch.arange(1, _N_WAVES + 1, dtype=X.dtype, device=X.device)
    heights = X.new_empty(n_spectra, _N_WAVES).normal_() * size / numbers
    phase = torch.pi * numbers * _uniform(X)
    positions = torch.linspace(0, 1, n_points, dtype=X.dtype, device=X.device)
    waves = torch.pi * numbers[:, None] * positions
    # cos(wave + phase) by parts: two products of small matrices.
    return (heights * phase.cos()) @ waves.cos() - (heights * phase.sin()) @ waves.sin()


def _level(X):
    """Return mean and standard deviation of each spectrum, of shape (n_spectra, 1)."""
    mean = X.mean(dim=1, keepdim=True)
    # X.std takes ten times as long.
    size = torch.linalg.vector_norm(X - mean, dim=1, keepdim=True)
    return mean, size / X.shape[1] ** 0.5


def _partners(y, X):
    """Draw for each spectrum another one of its class in the batch, or itself."""
    same = (y[:, None] == y[None, :]).to(X)
    same.fill_diagonal_(1e-9)  # itself only where there is no other
    return torch.multinomial(same, 1)[:, 0]


def _uniform(X):
    """Draw one number in [0, 1) for each spectrum."""
    return X.new_empty(len(X), 1).uniform_()


def _symmetric(X):
    """Draw one number in [-1, 1) for each spectrum."""
    return 2 * _uniform(X) - 1
