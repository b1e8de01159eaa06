"""Types of public signatures: what type checkers and editors know of spectra.

Where what comes back depends on what goes in, in a way that types cannot say, a result
is `Any`, or `NDArray[...] | Any` if it is nearly always an array.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray


class Frame(Protocol):
    """A data frame, of pandas or polars: columns, and a way to become an array."""

    @property
    def columns(self) -> Any:
        """Labels; in a frame of spectra the wavenumbers."""

    def to_numpy(self) -> Any:
        """Return the values."""


# Frames in, frames out. (One without an axis comes back as an array.)
FrameT = TypeVar("FrameT", bound=Frame)
# float32 or float64.
Floats: TypeAlias = NDArray[np.floating]
# A matrix, a frame, or ragged spectra: pairs (wavenumbers, intensities).
SpectraLike: TypeAlias = ArrayLike | Frame | Sequence[tuple[ArrayLike, ArrayLike]]
# (low, high) in cm-1, or several; None in place of an end leaves it open.
Regions: TypeAlias = (
    Sequence[float | None] | Sequence[Sequence[float | None]] | NDArray[Any]
)
# Where labels of spectra come from: a text, a table, a function of the spectrum's name.
Source: TypeAlias = (
    str
    | os.PathLike[str]
    | Callable[[Any], Any]
    | Mapping[Any, Any]
    | pd.Series
    | Frame
    | tuple[Any, ...]
    | None
)
# As scikit-learn takes it.
RandomState: TypeAlias = int | np.random.RandomState | None
