"""The result of comparing models."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from sklearn_raman._utils._whole_file import written_whole
from sklearn_raman.model_selection._leakage import describe_leaks
from sklearn_raman.model_selection._plot import draw_explanations, draw_scores

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sklearn_raman.inspection import BandReport

# What each column is called where people read it, and whether more is better.
METRICS = {
    "accuracy": ("accuracy", True),
    "balanced_accuracy": ("balanced accuracy", True),
    "f1_macro": ("macro-F1", True),
    "log_loss": ("log-loss", False),
}
TIMES = {"fit_time": "fit (s)", "score_time": "predict (s)"}
NOVELTY = {"false_alarms": "false alarms", "detected": "unknown detected"}
CHOICES = ["model", "fold", "parameter", "value"]
MISSING = "–"
UNGROUPED = {
    "none": "no groups were given. If several spectra come from one sample, models "
    "have seen the samples they are tested on, and the scores are too high.",
    "ignored": "the groups of this data set were ignored on purpose. The scores say "
    "how well a model remembers samples it has seen; expect less on new samples.",
}
ROUNDING = 1e-12
# Two folds leave one degree of freedom: their intervals hold almost anything.
FEWEST_FOLDS = 3


@dataclass(eq=False, repr=False)
class Comparison:
    """Scores, predictions and maps of several models on the same folds.

    Made by :func:`compare`; printing it shows the table.

    Parameters
    ----------
    folds : DataFrame
        One row per model and fold: `model`, `fold`, `n_train`, `n_test`, `accuracy`,
        `balanced_accuracy`, `f1_macro`, `log_loss`, `calibrated`, `fit_time`,
        `score_time` (seconds); and if `compare` was asked for novelty, `false_alarms`
        (share of the test spectra called none of the classes) and `detected` (the same
        of the unknown spectra, if there are any), NaN where so few spectra were held
        out that none could be called so.
    predictions : DataFrame
        One row per model, fold and test spectrum: `model`, `fold`, `row`, `true`,
        `predicted`; `file` if the data set has `filenames`; `known` if `compare` was
        asked for novelty, False where the model calls the spectrum none of the classes,
        NA where it could call none so.
    classes : ndarray of shape (n_classes,)
        All labels, sorted.
    protocol : dict
        What was done: `n_spectra`, `n_groups` (or None), `grouping` ("given", "ignored"
        or "none"), `n_folds`, `n_train`, `n_test`, `splitter`; and what leaked:
        `n_copies` and `n_mixtures` (test spectra of each fold that are copies or
        mixtures of training spectra, see the notes of :func:`compare`) and
        `n_conflicts` (spectra that have a copy of another class); and `models` (text of
        each as it was given), `occluded` (names of those whose maps are by
        :func:`occlusion`), `false_alarm_rate` (asked for, or None), `n_unknown`, `date`
        and `versions` (of the libraries in use).
    explanations : dict of str to ExplanationSummary
        For each model that can explain itself, the maps of its test spectra over all
        folds, by class, on the axis of X. Each map was divided by its largest absolute
        value before averaging. A model whose maps have no way back to the axis of X is
        shown on the axis of what its classifier is given; where that differs between
        folds, there is one entry per axis, with the folds in its name.
    choices : DataFrame, optional
        What searches chose, one row per model, fold and parameter: `model`, `fold`,
        `parameter`, `value` (text). Empty if no model is a search.
    class_means : DataFrame of shape (n_classes, n_points) or None, default=None
        Mean of the spectra of each class as they were given, each stretched to 0..1
        first. Columns are wavenumbers or points, and their index is named "cm-1" or
        "point". None if the spectra share no axis.
    missed : DataFrame of shape (n_missed, n_points) or None, default=None
        The few spectra that most models named wrongly, by row of X, stretched to 0..1;
        columns as above. None if the spectra share no axis.
    missed_maps : dict of int to Bunch, optional
        By row of X: what the most accurate of the models that named such a spectrum
        wrongly, and can explain it, says of it. `model`, `fold` (of which it was a test
        spectrum), `true` and `predicted` label, `spectrum` (n_points,) and `maps`, a
        DataFrame of two rows, for the predicted and the true class, with columns as in
        `class_means`.
    unknown : DataFrame or None, default=None
        One row per model, fold and spectrum given to :func:`compare` as `unknown`:
        `model`, `fold`, `row`, `predicted`, the class that the model names, and
        `known`, False where it calls the spectrum none of the classes, NA where it
        could call none so.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn_raman.model_selection import compare
    >>> models = {"KNN": KNeighborsClassifier(), "guess": DummyClassifier()}
    >>> X, y = load_iris(return_X_y=True)
    >>> result = compare(models, X, y, progress=False, random_state=0)
    >>> result.confusion_matrix("KNN").shape
    (3, 3)
    >>> pair = result.differences().iloc[0]
    >>> f"{pair['model']} minus {pair['other']}: {pair['difference']:.2f}"
    'KNN minus guess: 0.62'
    >>> pair["verdict"]
    'KNN is better'
    """

    folds: pd.DataFrame
    predictions: pd.DataFrame
    classes: np.ndarray
    protocol: dict
    explanations: dict
    choices: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=CHOICES))
    class_means: pd.DataFrame | None = None
    missed: pd.DataFrame | None = None
    missed_maps: dict = field(default_factory=dict)
    unknown: pd.DataFrame | None = None

    def to_frame(self, kind: Literal["summary", "folds"] = "summary") -> pd.DataFrame:
        """Return the scores as a data frame.

        Parameters
        ----------
        kind : {"summary", "folds"}, default="summary"
            "summary": one row per model, best accuracy first; each metric and time
            (seconds) as mean over folds and, in the column that ends in `_std`, as
            standard deviation over folds (divisor n_folds - 1). Log-loss is missing
            where one or more folds has none. "folds": one row per model and fold, with
            what its search chose in the column `chosen`.

        Returns
        -------
        DataFrame
            Scores; changing it does not change the comparison.

        Raises
        ------
        ValueError
            If `kind` is neither.
        """
        if kind == "folds":
            return self.folds.assign(chosen=self._chosen())
        if kind != "summary":
            raise ValueError(f'kind must be "summary" or "folds", got {kind!r}.')
        columns = {}
        by_model = self.folds.groupby("model", sort=False)
        for name in (*METRICS, *TIMES, *self.folds.columns.intersection([*NOVELTY])):
            values = by_model[name]
            # A mean over the folds that happen to have a value compares unlike things.
            complete = values.count() == values.size()
            columns[name] = values.mean().where(complete)
            columns[f"{name}_std"] = values.std(ddof=1).where(complete)
            if name == "log_loss":
                columns["calibrated"] = by_model["calibrated"].any()
        frame = pd.DataFrame(columns)
        return frame.sort_values("accuracy", ascending=False, kind="stable")

    def confusion_matrix(self, model: str) -> pd.DataFrame:
        """Count predicted against true classes, summed over folds.

        Parameters
        ----------
        model : str
            Name given to :func:`compare`.

        Returns
        -------
        DataFrame of shape (n_classes, n_classes)
            True classes in rows, predicted classes in columns.

        Raises
        ------
        ValueError
            If the model was not compared.
        """
        rows = self.predictions[self.predictions["model"] == model]
        if rows.empty:
            names = list(self.folds["model"].unique())
            raise ValueError(
                f"model={model!r} was not compared; the models are {names}."
            )
        counts = pd.crosstab(rows["true"], rows["predicted"])
        return counts.reindex(index=self.classes, columns=self.classes, fill_value=0)

    def differences(
        self,
        metric: Literal[
            "accuracy", "balanced_accuracy", "f1_macro", "log_loss"
        ] = "accuracy",
        *,
        confidence: float = 0.95,
    ) -> pd.DataFrame:
        """Mean difference of each pair of models, with an interval.

        Both models of a pair were scored on the same folds, so their difference in each
        fold is free of how hard that fold was. The interval and p come from the
        corrected resampled t-test [1]_: for k folds with differences d_i of variance
        s^2 (divisor k - 1), the variance of their mean is taken as
        (1/k + n_test/n_train) * s^2, with k - 1 degrees of freedom. Where all folds
        differ by the same, which says little of few spectra, s^2 is that of rounding to
        one spectrum, 1 / (12 n_test^2), for each metric.

        Parameters
        ----------
        metric : {"accuracy", "balanced_accuracy", "f1_macro", "log_loss"}, \
                default="accuracy"
            Score to compare.
        confidence : float, default=0.95
            Coverage of the interval, between 0 and 1.

        Returns
        -------
        DataFrame
            One row per pair: `model` and `other` (names, in the order of the
            summary), `difference` (mean of model minus other), `lower`, `upper`,
            `p_value` and `verdict`: "... is better" if the interval excludes 0, "tie"
            if it holds 0, "unknown" with fewer than three folds. Intervals are missing
            with fewer than two folds, and all numbers are where a model lacks the
            metric. p is not corrected for the number of pairs.

        Raises
        ------
        ValueError
            If `metric` is unknown, or `confidence` is not between 0 and 1.

        Notes
        -----
        A tie is no proof that two models are equally good: these folds can't tell.

        The test assumes that the scores of two folds are correlated as strongly as
        n_test / (n_train + n_test), because their training sets overlap. It was derived
        for random splits and is approximate for k-fold cross-validation; with few folds
        the interval is wide.

        References
        ----------
        .. [1] Nadeau, C. and Bengio, Y. (2003). Inference for the generalization error.
           Machine Learning 52, 239-281.
        """
        scores = self._scores(metric)
        if not 0 < confidence < 1:
            raise ValueError(
                f"confidence must be between 0 and 1 (0.95 for 95 %), got {confidence}."
            )
        sizes = self.protocol["n_train"], self.protocol["n_test"]
        records = []
        for model, other in combinations(scores, 2):
            difference = scores[model] - scores[other]
            found = corrected_t_test(difference, *sizes, confidence=confidence)
            _, lower, upper, _ = found
            verdict = "tie"
            if np.isnan(lower) or len(difference) < FEWEST_FOLDS:
                verdict = "unknown"
            elif lower > 0 or upper < 0:
                better = model if (lower > 0) == METRICS[metric][1] else other
                verdict = f"{better} is better"
            records.append((model, other, *found, verdict))
        names = ["model", "other", "difference", "lower", "upper", "p_value", "verdict"]
        return pd.DataFrame(records, columns=names)

    def plot(
        self,
        metric: Literal[
            "accuracy", "balanced_accuracy", "f1_macro", "log_loss"
        ] = "accuracy",
        *,
        ax: Axes | None = None,
    ) -> Figure:
        """Draw the score of each fold and their mean, one line per model.

        Parameters
        ----------
        metric : {"accuracy", "balanced_accuracy", "f1_macro", "log_loss"}, \
                default="accuracy"
            Score to draw.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        matplotlib.figure.Figure
            That of `ax` if given. Save it with `figure.savefig(path)`.

        Raises
        ------
        ValueError
            If `metric` is unknown.
        ImportError
            If matplotlib is not installed (extra `plot`).
        """
        scores = self._scores(metric)
        return draw_scores(scores, *METRICS[metric], ax)

    def plot_explanations(
        self, classes: Sequence[Any] | NDArray[Any] | None = None
    ) -> Figure:
        """Draw mean spectrum and mean map of each class, the models side by side.

        Parameters
        ----------
        classes : list of labels, default=None
            None draws all classes, one row each.

        Returns
        -------
        matplotlib.figure.Figure
            One row of panels per class (more with three models or more). Save it
            with `figure.savefig(path)`.

        Raises
        ------
        ValueError
            If no model was explained or a label is unknown.
        ImportError
            If matplotlib is not installed (extra `plot`).
        """
        if not self.explanations:
            raise ValueError(
                "None of the models was explained: compare was called with "
                'explain=False, or no classifier has explain_; explain="all" explains '
                "the others too."
            )
        classes = self.classes if classes is None else classes
        known = np.isin(classes, self.classes)
        if isinstance(classes, str) or known.size == 0 or not known.all():
            raise ValueError(
                f"classes must be a list of labels from {self.classes.tolist()}, got "
                f"{classes!r}."
            )
        return draw_explanations(self.explanations, classes)

    def save_html(
        self,
        path: str | os.PathLike[str],
        *,
        title: str = "Comparison of models",
        description: str = "",
        bands: BandReport | Mapping[str, BandReport] | None = None,
    ) -> Path:
        """Write everything as one page that needs no other file and no network.

        Parameters
        ----------
        path : str or Path
            File to write; an existing one is replaced, a missing folder is made.
        title : str, default="Comparison of models"
            Plain text at the top of the page.
        description : str, default=""
            Plain text below the title; blank lines separate paragraphs.
        bands : BandReport, dict of str to BandReport or None, default=None
            What :func:`band_report` found, of one model or by name of the model: the
            page gets a section with verdict, bands and figure.

        Returns
        -------
        Path
            The file written.

        Raises
        ------
        ImportError
            If matplotlib is not installed (extra `plot`).
        """
        from sklearn_raman.model_selection._report import render

        path = Path(path)
        bands = {} if bands is None else bands
        bands = bands if isinstance(bands, Mapping) else {"": bands}
        page = render(self, title=title, description=description, bands=bands)
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as unfinished:
            unfinished.write_text(page, encoding="utf-8")
        return path

    def _scores(self, metric):
        """Return one row per fold and one column per model, the most accurate first."""
        if metric not in METRICS:
            raise ValueError(f"metric must be one of {list(METRICS)}, got {metric!r}.")
        scores = self.folds.pivot(index="fold", columns="model", values=metric)
        return scores[self.to_frame().index]

    def _chosen(self):
        """Return what the search of each row of `folds` chose, as text."""
        texts = self.choices["parameter"] + "=" + self.choices["value"]
        keys = [self.choices["model"], self.choices["fold"]]
        texts = texts.groupby(keys).agg(", ".join).to_dict()
        keys = zip(self.folds["model"], self.folds["fold"], strict=True)
        return [texts.get(key, "") for key in keys]

    def __repr__(self):
        table = format_table(self, "*").to_string()
        return "\n".join([_head(self), "", table, *_remarks(self)])

    def _repr_html_(self):
        """The table in a notebook."""
        table = format_table(self, "*").to_html(border=0)
        remarks = "".join(f"<br>{escape(text)}" for text in _remarks(self))
        return f"<p>{escape(_head(self))}</p>{table}<p><small>{remarks[4:]}</small></p>"


def _head(comparison):
    """Say how much was compared."""
    counts = count_all(comparison).items()
    counts = ", ".join(f"{count} {what}" for what, count in counts)
    return f"{counts}; mean ± standard deviation over folds"


def _remarks(comparison):
    """Return the sentences below the table."""
    lines, verdicts = [], set(compare_with_best(comparison))
    if "tie" in verdicts:
        lines.append(
            "tie: these folds cannot tell it from the best (the 95 % interval of the "
            "difference in accuracy holds 0)"
        )
    if "?" in verdicts:
        lines.append(f"?: fewer than {FEWEST_FOLDS} folds cannot tell")
    summary = comparison.to_frame()
    if (summary["calibrated"] & summary["log_loss"].notna()).any():
        lines.append("* probabilities calibrated on folds of the training part")
    rate = comparison.protocol.get("false_alarm_rate")
    if rate is not None:
        lines.append(
            f"false alarms: test spectra called none of the classes; {100 * rate:g} % "
            "were asked for"
        )
        if summary["false_alarms"].isna().any():
            lines.append(
                "cannot tell: in some fold so few spectra (or groups) were held out "
                "that none could be called so"
            )
    chosen = [
        f"{model} chose {text}" for model, text in sum_up_choices(comparison).items()
    ]
    # What is too long for a line is in the folds and in the report.
    lines += [line for line in chosen if len(line) <= 100]
    grouping = comparison.protocol["grouping"]
    if grouping != "given":
        lines.append(f"Warning: {UNGROUPED[grouping]}")
    return lines + [f"Warning: {text}" for text in describe_leaks(comparison.protocol)]


def format_table(comparison, mark):
    """Write the summary as people read it; `mark` follows calibrated values."""
    summary = comparison.to_frame()
    cells = format_cells(summary, mark)
    for name in summary.columns.intersection([*NOVELTY]):
        cells[name] = [
            "cannot tell" if text == MISSING else text
            for text in format_scores(summary, name)
        ]
    labels = {name: label for name, (label, _) in METRICS.items()} | TIMES | NOVELTY
    cells = cells.rename_axis(None).rename(columns=labels)
    if len(cells) > 1:
        cells.insert(1, "vs best", compare_with_best(comparison))
    return cells


def compare_with_best(comparison):
    """Say of each model whether it is the best, level with it ("tie") or worse.

    Returns
    -------
    Series
        Indexed by model; "best", "tie", "worse", or "?" where the folds are too few.
    """
    names = comparison.to_frame().index
    found = pd.Series("best", index=names, dtype=object)
    pairs = comparison.differences()
    short = {"tie": "tie", "unknown": "?"}
    for pair in pairs[pairs["model"] == names[0]].itertuples():
        found[pair.other] = short.get(pair.verdict, "worse")
    return found


def sum_up_choices(comparison):
    """Say what the search of each model chose, with the number of folds.

    Returns
    -------
    dict of str to str
        Such as "C=10 (3x), 1 (2x); kernel=linear"; models with a search only.
    """
    texts = {}
    for model, part in comparison.choices.groupby("model", sort=False):
        parameters = []
        for name, values in part.groupby("parameter", sort=False)["value"]:
            counts = values.value_counts()
            shown = [
                value if len(counts) == 1 else f"{value} ({count}x)"
                for value, count in counts.items()
            ]
            parameters.append(f"{name}={', '.join(shown)}")
        texts[model] = "; ".join(parameters)
    return texts


def count_all(comparison):
    """Return how much was compared: models, folds, spectra, classes, groups if any."""
    protocol = comparison.protocol
    counts = {
        "models": comparison.folds["model"].nunique(),
        "folds": protocol["n_folds"],
        "spectra": protocol["n_spectra"],
        "classes": len(comparison.classes),
        "groups": protocol["n_groups"],
    }
    return {
        what.removesuffix("s") if count == 1 else what: count
        for what, count in counts.items()
        if count is not None
    }


def corrected_t_test(differences, n_train, n_test, *, confidence=0.95):
    """Corrected resampled t-test of Nadeau and Bengio.

    The scores of two models on the same k folds differ by d_1, ..., d_k. Training sets
    of the folds overlap, so the d_i are correlated and the usual s^2 / k is too small
    a variance of their mean. The correction replaces it by

        (1/k + n_test/n_train) * s^2,    s^2 = sum (d_i - mean d)^2 / (k - 1),

    and compares the mean with Student's t for k - 1 degrees of freedom.

    Parameters
    ----------
    differences : array-like of shape (n_folds,)
        Score of one model minus that of the other in each fold.
    n_train, n_test : array-like of shape (n_folds,)
        Rows in the training and in the test part of each fold; the mean of their
        ratio enters.
    confidence : float, default=0.95
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    mean, lower, upper, p_value : float
        NaN except for the mean when there are fewer than two folds. If all
        differences are zero (up to rounding) the interval has no width and p is 1. If
        they are equal otherwise, they have no variance because shares of few spectra
        are coarse: s^2 is then that of rounding to one spectrum, 1 / (12 n_test^2).

    References
    ----------
    .. [1] Nadeau, C. and Bengio, Y. (2003). Inference for the generalization error.
       Machine Learning 52, 239-281.
    """
    differences = np.asarray(differences, dtype=np.float64)
    n_folds = len(differences)
    mean = differences.mean()
    if n_folds < 2 or np.isnan(mean):
        return mean, np.nan, np.nan, np.nan
    ratio = np.mean(np.asarray(n_test) / np.asarray(n_train))
    variance = differences.var(ddof=1)
    # Below this, differences between scores of order 1 are rounding.
    if np.ptp(differences) < ROUNDING:
        if abs(mean) < ROUNDING:
            return mean, mean, mean, 1.0
        variance = np.mean(1 / np.asarray(n_test)) ** 2 / 12
    error = np.sqrt((1 / n_folds + ratio) * variance)
    width = error * stats.t.ppf((1 + confidence) / 2, n_folds - 1)
    p_value = 2 * stats.t.sf(abs(mean) / error, n_folds - 1)
    return mean, mean - width, mean + width, p_value


def format_cells(summary, mark):
    """Write metrics and times as people read them; `mark` follows calibrated values."""
    cells = pd.DataFrame(index=summary.index)
    for name in METRICS:
        cells[name] = format_scores(summary, name)
    marked = summary["calibrated"] & summary["log_loss"].notna()
    cells.loc[marked, "log_loss"] += mark
    for name in TIMES:
        # Two digits, without powers of ten.
        cells[name] = [f"{s:.0f}" if s >= 9.5 else f"{s:.2g}" for s in summary[name]]
    return cells


def format_scores(summary, name):
    """Write means and standard deviations of a score."""
    pairs = zip(summary[name], summary[f"{name}_std"], strict=True)
    return [_format_score(*pair) for pair in pairs]


def _format_score(mean, std):
    """Write a mean and its standard deviation; a dash where there is none."""
    if np.isnan(mean):
        return MISSING
    return f"{mean:.3f}" if np.isnan(std) else f"{mean:.3f} ± {std:.3f}"
