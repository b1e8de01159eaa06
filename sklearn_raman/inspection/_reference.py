"""What contributes nothing: the spectra or feature maps that maps are relative to."""

import numpy as np
import torch
from scipy.ndimage import median_filter

from sklearn_raman.inspection._targets import PIECE

# Width of the surroundings of a point, as a share of the spectrum: wider than any band,
# narrower than a fluorescence background.
_LOCAL_WIDTH = 0.1
# A blank's level is rounded to between 1/64 and 1/32 of the spectrum's range.
_LEVELS_PER_RANGE = 32


def local_width(n_points):
    """Return the width of what counts as the surroundings of a point, in points."""
    return max(round(_LOCAL_WIDTH * n_points), 1)


def blank_level(X):
    """Return the background level of each spectrum: its median, rounded.

    Rounded to steps that are powers of two, so that spectra share levels and a network
    has to see few blank spectra; each spectrum decides about its own.

    Parameters
    ----------
    X : torch.Tensor of shape (n_spectra, n_points)

    Returns
    -------
    torch.Tensor of shape (n_spectra,)
    """
    spread = X.amax(dim=1) - X.amin(dim=1)
    step = 2 ** spread.log2().floor() / _LEVELS_PER_RANGE
    middle = (X.shape[1] - 1) // 2
    # numpy finds a median in a tenth of torch's time.
    level = np.partition(X.cpu().numpy(), middle, axis=1)[:, middle]
    level = torch.from_numpy(level).to(X)
    return torch.where(spread > 0, (level / step).round() * step, level)


def reference_spectra(X, reference):
    """Return the spectrum that each spectrum is compared with.

    Parameters
    ----------
    X : torch.Tensor of shape (n_spectra, n_points)
    reference : {"blank", "local", "zero"} or array-like
        Flat at the spectrum's own background level; its moving median over a tenth of
        its points; zero intensity; or spectra of shape (n_points,) or
        (n_spectra, n_points).

    Returns
    -------
    torch.Tensor of shape (n_spectra, n_points)
    """
    if not isinstance(reference, str):
        given = torch.as_tensor(reference).to(X)
        if given.shape not in (X.shape[1:], X.shape):
            raise ValueError(
                f"reference has shape {tuple(given.shape)}, X has {tuple(X.shape)}: "
                "pass one spectrum, or one for each of X."
            )
        return given.expand_as(X)
    if reference == "blank":
        return blank_level(X)[:, None].expand_as(X)
    if reference == "local":
        size = (1, local_width(X.shape[1]))
        smooth = median_filter(X.cpu().numpy(), size=size, mode="nearest")
        return torch.from_numpy(smooth).to(X)
    if reference == "zero":
        return torch.zeros_like(X)
    raise ValueError(
        f'reference must be "blank", "local", "zero" or spectra, got {reference!r}.'
    )


def reference_features(module, X, reference):
    """Return the feature maps that those of X are compared with, or 0.

    Parameters
    ----------
    module : torch.nn.Module
        With `features`.
    X : torch.Tensor of shape (n_spectra, n_points)
    reference : {"auto", "blank", "local", "zero"} or array-like
        As for :func:`reference_spectra`, but "zero" are feature maps of zeros. "auto"
        is "blank" if the module subtracts a mean spectrum, `input.center`.

    Returns
    -------
    torch.Tensor of shape (n_spectra or 1, channels, units), or 0.0
    """
    return references_by_piece(module, X, reference, lambda f: [f])(slice(None))[0]


def references_by_piece(module, X, reference, answers):
    """Return the function slice -> answers to reference features of these spectra.

    Other parameters as for :func:`reference_features`.

    Parameters
    ----------
    answers : callable
        Feature maps (n, channels, units), or 0.0, to several tensors of shape (n, ...).
        What spectra share is answered once.
    """
    if isinstance(reference, str) and reference == "auto":
        center = getattr(getattr(module, "input", None), "center", None)
        subtracts_mean = center is not None and bool(center.any())
        reference = "blank" if subtracts_mean else "zero"
    if isinstance(reference, str) and reference == "zero":
        nothing = answers(0.0)
        return lambda rows: nothing

    @torch.no_grad()
    def answers_to(spectra):
        return answers(module.features(spectra))

    if isinstance(reference, str) and reference == "blank":
        return _blanks_by_piece(answers_to, X)
    spectra = reference_spectra(X, reference)
    return lambda rows: answers_to(spectra[rows])


def _blanks_by_piece(answers_to, X):
    levels, which = torch.unique(blank_level(X), return_inverse=True)
    pieces = [
        answers_to(few[:, None].expand(-1, X.shape[1])) for few in levels.split(PIECE)
    ]
    if len(levels) == 1:
        return lambda rows: pieces[0]
    # Joined with the channels last, as they lie in memory.
    blanks = [
        torch.cat([part.movedim(1, -1) for part in parts]).movedim(-1, 1)
        for parts in zip(*pieces, strict=True)
    ]
    return lambda rows: [answer[which[rows]] for answer in blanks]
