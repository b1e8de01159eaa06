"""Which bands a model uses, with intervals and a test, over the samples at hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import Bunch

from sklearn_raman._utils._sklearn import Interval, StrOptions, validate_params
from sklearn_raman._utils._typing import RandomState, SpectraLike
from sklearn_raman.inspection._band_study import BandStudy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Fewer groups of a class than this, and even a strong band is rarely found.
_FEW_GROUPS = 6
# A model whose p-value is above this is not shown to be better than chance.
_LEVEL = 0.05
_SHARED = {
    "bands": [
        Interval(Integral, 1, None, closed="left"),
        StrOptions({"auto"}),
        "array-like",
    ],
    "explain": [callable, None],
    "n_repeats": [Interval(Integral, 1, None, closed="left")],
    "n_jobs": [Integral, None],
    "progress": ["boolean"],
    "random_state": ["random_state"],
}
_OF_INTERVALS = {
    "n_refits": [Interval(Integral, 10, None, closed="left")],
    "confidence": [Interval(Real, 0, 1, closed="neither")],
}
_OF_TEST = {
    "cv": [Interval(Integral, 2, None, closed="left")],
    "false_discovery_rate": [Interval(Real, 0, 1, closed="neither")],
    "min_effect": [Interval(Real, 0, 1, closed="left")],
}
_OF_MODEL = {"n_permutations": [Interval(Integral, 0, None, closed="left")]}


@validate_params(_SHARED | _OF_INTERVALS, prefer_skip_nested_validation=True)
def band_intervals(
    model: Any,
    X: SpectraLike | Bunch,
    y: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    *,
    bands: int | Literal["auto"] | ArrayLike = "auto",
    wavenumbers: ArrayLike | None = None,
    explain: Callable[..., Any] | None = None,
    n_refits: int = 50,
    confidence: float = 0.95,
    n_repeats: int = 5,
    n_jobs: int | None = None,
    progress: bool = True,
    random_state: RandomState = None,
) -> pd.DataFrame:
    """Estimate where each band of a model's maps is and how much it weighs.

    With intervals that say how far both would move with other crystals, patients or
    samples: the groups are drawn with replacement, and the model is fitted again.

    Parameters
    ----------
    model : classifier or Pipeline
        Cloned for each fit.
    X : array-like, data frame (n_spectra, n_points), sequence of pairs, or Bunch
        Spectra as the model takes them. Bands are in cm-1 where the axis is known, else
        in points. A Bunch brings `data` and `target`.
    y : array-like of shape (n_spectra,), default=None
        Labels. None if X is a Bunch.
    groups : array-like of shape (n_spectra,)
        Crystal, patient or sample of each spectrum; each class needs two or more. It
        has no default: without groups say ``groups=range(len(y))``.
    bands : int, "auto" or array-like of shape (n_bands, 2), default="auto"
        Stretches (low, high) of the axis, both ends included; or so many, found in the
        mean spectra: they meet at the minima between the most prominent bands, and
        cover the axis. "auto" takes all that stand out, at most 20. Neither labels nor
        maps have a say in it.
    wavenumbers : array-like of shape (n_points,), "points" or None, default=None
        Axis of the maps in cm-1; None takes what column labels or the fitted steps
        know, and else counts points, as "points" does in any case.
    explain : callable or None, default=None
        ``explain(model, X, target)`` returns maps of the classes `target` on the axis
        of X. None means :func:`explain_pipeline` for classifiers that have `explain_`,
        and :func:`occlusion` for others, which takes long.
    n_refits : int, default=50
        Draws of the groups. 25 give intervals that are slightly too short.
    confidence : float, default=0.95
        Coverage of the intervals.
    n_repeats : int, default=5
        Fits to all groups, each with another seed; estimates are those of their mean
        map.
    n_jobs : int or None, default=None
        Fits at the same time; the result is the same.
    progress : bool, default=True
        Whether to show a progress bar on the standard error stream.
    random_state : int, RandomState or None, default=None
        Decides draws, and the randomness of the model, which gets another seed for each
        fit.

    Returns
    -------
    DataFrame with one row for each class and band, the largest share first
        `class`; `low` and `high`, the stretch; `position`, the center of the upper half
        of the mean map there, of what speaks for the class if more does, and of what
        speaks against it otherwise; `share`, the part of the mean map of the class that
        lies there (by absolute value); and for both the ends of the interval,
        `..._low` and `..._high`. Without a map, a position is NaN.

    Raises
    ------
    ValueError
        If groups are missing, a class has only one, or a parameter is not valid; if
        the mean spectra have fewer bands than asked for; if maps of two fits lie on
        different axes, or have no way back to the axis of X.

    See Also
    --------
    band_report : These intervals together with a test of each band.

    Notes
    -----
    Percentile intervals of a bootstrap of the groups, stratified by class. The spectra
    that are explained are the given ones for all draws, so that only the model varies.
    (Maps of held-out spectra, put together from several folds, vary less than those of
    one model; their intervals are too short.) Groups count the same, however many
    spectra they have. All of it holds for this model, these classes, and samples that
    come from where these come from.

    Examples
    --------
    >>> from sklearn_raman.datasets import load_minerals
    >>> from sklearn_raman.discriminant_analysis import PLSLDA
    >>> from sklearn_raman.inspection import band_intervals
    >>> minerals = load_minerals(as_frame=True)
    >>> y = minerals.target_names[minerals.target]
    >>> three = [name in ("Calcite", "Dolomite", "Fluorite") for name in y]
    >>> table = band_intervals(
    ...     PLSLDA(n_components=4), minerals.data[three], y[three],
    ...     minerals.groups[three], n_refits=10, progress=False, random_state=0,
    ... )
    >>> calcite = table[table["class"] == "Calcite"].iloc[0]
    >>> bool(calcite["low"] < 1086 < calcite["high"]), bool(calcite["share_low"] > 0.4)
    (True, True)
    """
    settings = {"explain": explain, "n_jobs": n_jobs, "progress": progress}
    study = BandStudy("band_intervals", model, X, y, groups, random_state, settings)
    study.fit_whole(n_repeats, bands, wavenumbers)
    study.refit(n_refits)
    return _sorted(study.intervals(confidence), study.unit)


@validate_params(_SHARED | _OF_TEST, prefer_skip_nested_validation=True)
def band_test(
    model: Any,
    X: SpectraLike | Bunch,
    y: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    *,
    bands: int | Literal["auto"] | ArrayLike = "auto",
    wavenumbers: ArrayLike | None = None,
    explain: Callable[..., Any] | None = None,
    false_discovery_rate: float = 0.05,
    min_effect: float = 0.01,
    cv: int = 4,
    n_repeats: int = 5,
    n_jobs: int | None = None,
    progress: bool = True,
    random_state: RandomState = None,
) -> pd.DataFrame:
    """Test for each band whether it speaks for its class in samples not seen before.

    A model always looks somewhere. What it looks at is evidence only if it also speaks
    for the right class in new crystals, patients or samples.

    Parameters
    ----------
    model : classifier or Pipeline
        Cloned for each fit.
    X : array-like, data frame (n_spectra, n_points), sequence of pairs, or Bunch
        Spectra as the model takes them. A Bunch brings `data` and `target`.
    y : array-like of shape (n_spectra,), default=None
        Labels. None if X is a Bunch.
    groups : array-like of shape (n_spectra,)
        Crystal, patient or sample of each spectrum, see :func:`band_intervals`.
    bands : int, "auto" or array-like of shape (n_bands, 2), default="auto"
        Stretches of the axis, see :func:`band_intervals`.
    wavenumbers : array-like of shape (n_points,), "points" or None, default=None
        Axis of the maps in cm-1, see :func:`band_intervals`.
    explain : callable or None, default=None
        What makes maps, see :func:`band_intervals`; their sign counts here.
    false_discovery_rate : float, default=0.05
        Share of the bands called used that may be wrong, on average, over all classes.
    min_effect : float, default=0.01
        A band is used if it holds more than this part of the evidence. With 0 a band
        may be called used that nobody would miss.
    cv : int, default=4
        Folds by group.
    n_repeats : int, default=5
        Times that all groups are held out once, each with other folds.
    n_jobs : int or None, default=None
        Fits at the same time; the result is the same.
    progress : bool, default=True
        Whether to show a progress bar on the standard error stream.
    random_state : int, RandomState or None, default=None
        Decides folds and the randomness of the model.

    Returns
    -------
    DataFrame with one row for each class and band, the largest contribution first
        `class`; `low` and `high`, the stretch; `contribution`, the part of the map of a
        group that lies there, with its sign, mean over the groups of the class: 0.2
        says that a fifth of the map speaks for the class there, more than against it;
        `p_value` of its being `min_effect` or less; `q_value`, the false discovery rate
        of calling used what has a p-value as small; `used`.

    Raises
    ------
    ValueError
        As :func:`band_intervals`.

    See Also
    --------
    band_report : This test together with intervals, and a test of the whole model.

    Notes
    -----
    One-sided t-test over the groups of a class; rates of false discoveries over all
    classes and bands by Benjamini and Hochberg [1]_. To permute labels would not do: it
    tests whether *anything* tells the classes apart, and then every band passes.

    References
    ----------
    .. [1] Y. Benjamini and Y. Hochberg, "Controlling the false discovery rate: a
       practical and powerful approach to multiple testing", J. R. Stat. Soc. B 57
       (1995) 289-300

    Examples
    --------
    >>> from sklearn_raman.datasets import load_minerals
    >>> from sklearn_raman.discriminant_analysis import PLSLDA
    >>> from sklearn_raman.inspection import band_test
    >>> minerals = load_minerals(as_frame=True)
    >>> y = minerals.target_names[minerals.target]
    >>> three = [name in ("Calcite", "Dolomite", "Fluorite") for name in y]
    >>> table = band_test(
    ...     PLSLDA(n_components=4), minerals.data[three], y[three],
    ...     minerals.groups[three], progress=False, random_state=0,
    ... )
    >>> calcite = table[(table["class"] == "Calcite") & table["used"]].iloc[0]
    >>> bool(calcite["low"] < 1086 < calcite["high"])
    True
    """
    settings = {"explain": explain, "n_jobs": n_jobs, "progress": progress}
    study = BandStudy("band_test", model, X, y, groups, random_state, settings)
    study.fit_whole(1, bands, wavenumbers)
    study.hold_out(cv, n_repeats)
    return _sorted(study.test(false_discovery_rate, min_effect), study.unit)


@validate_params(
    _SHARED | _OF_INTERVALS | _OF_TEST | _OF_MODEL, prefer_skip_nested_validation=True
)
def band_report(
    model: Any,
    X: SpectraLike | Bunch,
    y: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    *,
    bands: int | Literal["auto"] | ArrayLike = "auto",
    wavenumbers: ArrayLike | None = None,
    explain: Callable[..., Any] | None = None,
    n_refits: int = 50,
    confidence: float = 0.95,
    false_discovery_rate: float = 0.05,
    min_effect: float = 0.01,
    n_permutations: int = 99,
    cv: int = 4,
    n_repeats: int = 5,
    n_jobs: int | None = None,
    progress: bool = True,
    random_state: RandomState = None,
) -> BandReport:
    """Say which bands a model uses, how sure that is, and when nobody can tell.

    Three questions: does the model tell the classes apart at all (permuted labels)?
    Which bands speak for their class in samples that it has not seen
    (:func:`band_test`)? How much would a band's weight and position move with other
    samples (:func:`band_intervals`)?

    Parameters
    ----------
    model : classifier or Pipeline
        Cloned for each fit.
    X : array-like, data frame (n_spectra, n_points), sequence of pairs, or Bunch
        Spectra as the model takes them. A Bunch brings `data` and `target`.
    y : array-like of shape (n_spectra,), default=None
        Labels. None if X is a Bunch.
    groups : array-like of shape (n_spectra,)
        Crystal, patient or sample of each spectrum, see :func:`band_intervals`.
    bands : int, "auto" or array-like of shape (n_bands, 2), default="auto"
        Stretches of the axis, see :func:`band_intervals`.
    wavenumbers : array-like of shape (n_points,), "points" or None, default=None
        Axis of the maps in cm-1, see :func:`band_intervals`.
    explain : callable or None, default=None
        What makes maps, see :func:`band_intervals`.
    n_refits : int, default=50
        Draws of the groups, see :func:`band_intervals`. For networks 25 are a
        compromise.
    confidence : float, default=0.95
        Coverage of the intervals.
    false_discovery_rate : float, default=0.05
        See :func:`band_test`.
    min_effect : float, default=0.01
        See :func:`band_test`.
    n_permutations : int, default=99
        Times that groups trade labels, for the test of the whole model: its p-value is
        no smaller than ``1 / (n_permutations + 1)``, so 19 are the fewest. Where it is
        above 0.05, no band counts as used. 0 leaves the test out.
    cv : int, default=4
        Folds by group. There are ``n_repeats + n_refits`` fits for the intervals and
        ``cv * (n_repeats + n_permutations)`` for the tests.
    n_repeats : int, default=5
        Fits to all groups; and times that all are held out once, each with other folds.
    n_jobs : int or None, default=None
        Fits at the same time; the result is the same.
    progress : bool, default=True
        Whether to show progress bars on the standard error stream.
    random_state : int, RandomState or None, default=None
        Decides folds, draws, permutations, and the randomness of the model, which gets
        another seed for each fit.

    Returns
    -------
    BandReport
        Table, verdict, figure.

    Raises
    ------
    ValueError
        As :func:`band_intervals`.

    See Also
    --------
    sklearn_raman.datasets.annotate_bands : Says what a band is.

    Notes
    -----
    With permuted labels, whole groups trade them; where groups hold several classes,
    spectra trade them inside their group. The score is the balanced accuracy on held-
    out groups, and its p-value ``(b + 1) / (n_permutations + 1)``, b being the
    permutations that score at least as high.

    Examples
    --------
    >>> from sklearn_raman.datasets import load_minerals
    >>> from sklearn_raman.discriminant_analysis import PLSLDA
    >>> from sklearn_raman.inspection import band_report
    >>> minerals = load_minerals(as_frame=True)
    >>> y = minerals.target_names[minerals.target]
    >>> three = [name in ("Calcite", "Dolomite", "Fluorite") for name in y]
    >>> report = band_report(
    ...     PLSLDA(n_components=4), minerals.data[three], y[three],
    ...     minerals.groups[three], n_refits=10, n_permutations=19, progress=False,
    ...     random_state=0,
    ... )
    >>> print(report.verdict()[0])
    The model tells the classes apart: balanced accuracy 1.00 on new groups (p = 0.05).
    """
    if 0 < n_permutations < 1 / _LEVEL - 1:
        raise ValueError(
            f"n_permutations={n_permutations} cannot show that a model is better than "
            f"chance (p = {_LEVEL}): use 19 or more, or 0 for no such test."
        )
    settings = {"explain": explain, "n_jobs": n_jobs, "progress": progress}
    study = BandStudy("band_report", model, X, y, groups, random_state, settings)
    study.fit_whole(n_repeats, bands, wavenumbers)
    study.refit(n_refits)
    study.hold_out(cv, n_repeats)
    p_value = study.permute(cv, n_permutations)
    test = study.test(false_discovery_rate, min_effect)
    if p_value > _LEVEL:
        test["used"] = False
    table = study.intervals(confidence).merge(test, on=["class", "low", "high"])
    classes, axis = pd.Index(study.data.classes, name="class"), study.axis
    mean, *ends = study.map_intervals(confidence)
    framed = [pd.DataFrame(maps, classes, axis) for maps in (mean, *ends)]
    counts = pd.Series(study.data.units[:, 1]).value_counts().sort_index()
    return BandReport(
        bands=_sorted(table, study.unit),
        mean_map=framed[0],
        lower_map=framed[1],
        upper_map=framed[2],
        mean_spectrum=pd.DataFrame(study.spectra, classes, axis),
        n_groups=pd.Series(counts.to_numpy(), classes),
        unit=study.unit,
        score=study.score,
        p_value=p_value,
        settings={
            "n_refits": n_refits,
            "confidence": confidence,
            "false_discovery_rate": false_discovery_rate,
            "min_effect": min_effect,
            "n_permutations": n_permutations,
        },
    )


def _sorted(table, unit):
    """Sort bands by class, the one that weighs most first; say what unit they have."""
    by = "share" if "share" in table else "contribution"
    table = table.sort_values(["class", by], ascending=[True, False], kind="stable")
    table = table.reset_index(drop=True)
    table.attrs["unit"] = unit
    return table


@dataclass(eq=False, repr=False)
class BandReport:
    """Bands of a model with error bars, made by :func:`band_report`.

    Printing it shows the verdict and the bands that are used.

    Parameters
    ----------
    bands : DataFrame
        One row for each class and band, with the columns of :func:`band_intervals` and
        :func:`band_test`.
    mean_map, lower_map, upper_map : DataFrame of shape (n_classes, n_points)
        Mean map of each class, scaled so that its absolute values add up to 1, and the
        interval of each point.
    mean_spectrum : DataFrame of shape (n_classes, n_points)
        Mean of the spectra, on the same axis.
    n_groups : Series of shape (n_classes,)
        Groups of each class.
    unit : {"cm-1", "point"}
        Unit of the axis.
    score : float
        Balanced accuracy on held-out groups.
    p_value : float
        That such a score, or a higher one, comes about with permuted labels; NaN if it
        was not asked for.
    settings : dict
        `n_refits`, `confidence`, `false_discovery_rate`, `min_effect`,
        `n_permutations`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    >>> from sklearn_raman.inspection import band_report
    >>> X = np.random.default_rng(0).normal(size=(40, 30))
    >>> y = np.repeat(["a", "b"], 20)
    >>> report = band_report(
    ...     LinearDiscriminantAnalysis(), X, y, range(40), n_refits=10,
    ...     n_permutations=19, bands=[(0, 9), (10, 29)], progress=False, random_state=0,
    ... )
    >>> int(report.to_frame()["used"].sum())
    0
    """

    bands: pd.DataFrame
    mean_map: pd.DataFrame
    lower_map: pd.DataFrame
    upper_map: pd.DataFrame
    mean_spectrum: pd.DataFrame
    n_groups: pd.Series
    unit: str
    score: float
    p_value: float
    settings: dict

    def to_frame(self) -> pd.DataFrame:
        """Return all bands as a table.

        Returns
        -------
        DataFrame
            One row for each class and band, the largest share first; `class`, `low`,
            `high`, `position`, `share`, their intervals, `contribution`, `p_value`,
            `q_value`, `used`. Changing it does not change the report.
        """
        return self.bands.copy()

    def verdict(self) -> list[str]:
        """Say in sentences what the data show, and what they cannot tell.

        Returns
        -------
        list of str
            The first is about the model, the second about its bands; then what is
            missing.
        """
        sentences = [self._say_model()]
        used = self.bands.groupby("class", sort=False)["used"].sum()
        n_used, n_bands = used.sum(), len(self.bands) // max(len(used), 1)
        rate, least = (
            f"{100 * self.settings[name]:g} %"
            for name in ("false_discovery_rate", "min_effect")
        )
        sentences.append(
            f"Used, with more than {least} of the evidence for their class: {n_used} "
            f"of {len(self.bands)} bands ({n_bands} for each of {len(used)} classes). "
            f"About {rate} of these may be false."
            if n_used
            else "No band is shown to speak for its class: the data cannot tell which "
            "bands the model owes its answers to."
        )
        silent = [str(label) for label in used.index[used == 0]]
        if n_used and silent:
            sentences.append(f"For {_list(silent)} the data cannot tell any band.")
        few = [f"{k} ({n})" for k, n in self.n_groups.items() if n < _FEW_GROUPS]
        if few:
            sentences.append(
                f"Few groups: {_list(few)}. With fewer than {_FEW_GROUPS}, only strong "
                "bands can be shown, and intervals are too short."
            )
        return sentences

    def _say_model(self):
        score = f"balanced accuracy {self.score:.2f} on new groups"
        if np.isnan(self.p_value):
            return f"Not tested whether the model is better than chance: {score}."
        p = f"p = {self.p_value:.2g}"
        if self.p_value <= _LEVEL:
            return f"The model tells the classes apart: {score} ({p})."
        return (
            f"The model is not shown to be better than chance: {score} ({p}). Its maps "
            "may explain nothing."
        )

    def __repr__(self):
        return "\n".join([*self.verdict(), "", self._overview().to_string(index=False)])

    def _repr_html_(self):
        sentences = "".join(f"<br>{escape(text)}" for text in self.verdict())
        return f"<p>{sentences[4:]}</p>{self._overview().to_html(index=False)}"

    def _overview(self):
        """Return the bands that are used as people read them."""
        used = self.bands[self.bands["used"]]
        unit = "cm⁻¹" if self.unit == "cm-1" else "points"
        columns = (("position", 1, ".0f"), ("share", 100, ".0f"))
        texts = {}
        for column, factor, digits in columns:
            found = used[[column, f"{column}_low", f"{column}_high"]] * factor
            texts[column] = [
                f"{value:{digits}} ({low:{digits}} to {high:{digits}})"
                for value, low, high in found.itertuples(index=False)
            ]
        return pd.DataFrame(
            {
                "class": used["class"],
                f"band ({unit})": [
                    f"{low:.0f} to {high:.0f}"
                    for low, high in zip(used["low"], used["high"], strict=True)
                ],
                f"position ({unit})": texts["position"],
                "share (%)": texts["share"],
                "speaks for it (%)": [f"{100 * v:.0f}" for v in used["contribution"]],
                "q": [f"{q:.2g}" for q in used["q_value"]],
            }
        )

    def plot(
        self,
        classes: Sequence[Any] | NDArray[Any] | None = None,
        *,
        ax: Axes | Sequence[Axes] | NDArray[Any] | None = None,
    ) -> Figure:
        """Draw the mean map of each class with its interval, and mark what is used.

        Parameters
        ----------
        classes : list of labels or None, default=None
            Classes that are drawn; None means all.
        ax : matplotlib Axes, array-like of these or None, default=None
            Where to draw, one for each class; None makes a figure.

        Returns
        -------
        matplotlib Figure
            ``figure.savefig("bands.png")`` writes it.

        Raises
        ------
        ValueError
            If a class is not known, or `ax` does not hold one for each.
        ImportError
            If matplotlib is not installed (extra `plot`).
        """
        from sklearn_raman.inspection._plot import draw_bands

        return draw_bands(self, classes, ax)


def _list(names):
    """Write some of many names."""
    rest = [f"{len(names) - 5} others"] if len(names) > 6 else []
    names = names if not rest else names[:5] + rest
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
