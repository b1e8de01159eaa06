"""One page with everything a comparison has to say, without any other file."""

import base64
from html import escape
from importlib.resources import files
from io import BytesIO
from string import Template

import numpy as np
import sklearn

from sklearn_raman import __version__
from sklearn_raman.model_selection._comparison import (
    METRICS,
    MISSING,
    TIMES,
    format_score,
    format_seconds,
)
from sklearn_raman.model_selection._plot import draw_confusion, draw_explanations

GROUPING = {
    "given": (
        "note",
        "Spectra of one group (crystal, patient, replicate) are never on both sides of "
        "a fold: each model is asked about groups it has never seen.",
    ),
    "ignored": (
        "note warning",
        "The groups of this data set were ignored on purpose. Spectra of one group can "
        "be on both sides of a fold, so these scores say how well a model remembers "
        "samples it has seen; expect less on new samples.",
    ),
    "none": (
        "note warning",
        "No groups were given. If several spectra come from one sample, models may "
        "have seen the samples they are tested on, and the scores are too high.",
    ),
}


def render(comparison, *, title, description):
    """Return the page as text.

    Parameters
    ----------
    comparison : Comparison
    title, description : str
        Plain text; blank lines in the description separate paragraphs.
    """
    sections = [
        _introduction(comparison, title, description),
        _scores(comparison),
        _differences(comparison),
        _confusions(comparison),
        _explanations(comparison),
        _footer(comparison),
    ]
    body = "\n".join(section for section in sections if section)
    template = files("sklearn_raman.model_selection").joinpath("report.html")
    page = Template(template.read_text(encoding="utf-8"))
    return page.substitute(title=escape(title), body=body)


def _introduction(comparison, title, description):
    """Title, what was compared on what, and the answer in short."""
    protocol = comparison.protocol
    paragraphs = "".join(
        f"<p>{escape(part.strip())}</p>"
        for part in description.split("\n\n")
        if part.strip()
    )
    facts = [
        (len(comparison.to_frame()), "models"),
        (protocol["n_spectra"], "spectra"),
        (len(comparison.classes), "classes"),
        (protocol["n_groups"], "groups"),
        (protocol["n_folds"], "folds"),
    ]
    boxes = "".join(
        f"<div><b>{count}</b><span>{what}</span></div>"
        for count, what in facts
        if count is not None
    )
    style, grouping = GROUPING[protocol["grouping"]]
    splitter = protocol["splitter"]
    how = f" (<code>{escape(splitter)}</code>)" if splitter else ""
    folds = (
        f"The spectra were split {protocol['n_folds']} times{how}: each time every "
        f"model learned from the same {_range(protocol['n_train'])} spectra and then "
        f"named the class of the same {_range(protocol['n_test'])} spectra that it had "
        "not seen."
    )
    return (
        f"<h1>{escape(title)}</h1>{paragraphs}"
        f'<div class="facts">{boxes}</div>'
        f'<p>{folds}</p><p class="{style}">{grouping}</p>{_in_short(comparison)}'
    )


def _in_short(comparison):
    """Name the best model and those that can't be told from it."""
    summary = comparison.to_frame()
    best = summary.index[0]
    score = summary["accuracy"].iloc[0]
    text = f"Highest mean accuracy: <b>{escape(best)}</b>, {score:.3f}."
    pairs = comparison.differences()
    pairs = pairs[pairs["row"] == best]
    close = [escape(name) for name in pairs["column"][~(pairs["lower"] > 0)]]
    if close and len(close) == len(pairs):
        text += " These folds do not tell it apart from any other model."
    elif close:
        text += f" These folds do not tell it apart from {', '.join(close)}."
    elif len(pairs):
        text += " The differences to all other models are larger than chance."
    return f"<p><b>In short.</b> {text}</p>"


def _scores(comparison):
    """Table of scores and the figure of the folds."""
    summary = comparison.to_frame()
    head, columns = "<th>model</th>", []
    for name, (label, more_is_better) in METRICS.items():
        arrow = "higher is better" if more_is_better else "lower is better"
        head += f"<th>{label}<small>{arrow}</small></th>"
        rounded = summary[name].round(3)
        best = rounded.max() if more_is_better else rounded.min()
        texts = [
            format_score(mean, std)
            for mean, std in zip(summary[name], summary[f"{name}_std"], strict=True)
        ]
        if name == "log_loss":
            texts = [
                text + " †" * (calibrated and text != MISSING)
                for text, calibrated in zip(texts, summary["calibrated"], strict=True)
            ]
        columns.append(
            [
                f'<td class="best">{text}</td>' if value == best else f"<td>{text}</td>"
                for text, value in zip(texts, rounded, strict=True)
            ]
        )
    for name, label in TIMES.items():
        head += f"<th>{label}<small>each fold</small></th>"
        columns.append([f"<td>{format_seconds(value)}</td>" for value in summary[name]])
    body = "".join(
        f"<tr><th>{escape(model)}</th>{''.join(cells)}</tr>"
        for model, *cells in zip(summary.index, *columns, strict=True)
    )
    n_classes = len(comparison.classes)
    return f"""<h2>Scores</h2>
<p>Mean ± standard deviation over the folds. The best mean of each column is marked.</p>
<div class="scroll"><table><thead><tr>{head}</tr></thead>
<tbody>{body}</tbody></table></div>
<ul class="small">
<li><b>Accuracy</b>: share of test spectra named correctly. <b>Balanced accuracy</b>:
the same for each class, then averaged, so that rare classes count as much as frequent
ones. <b>Macro-F1</b>: also punishes a class for spectra wrongly given its name.</li>
<li><b>Log-loss</b> judges the probabilities: 0 is certain and right, and being certain
and wrong costs much; guessing among {n_classes} classes costs {np.log(n_classes):.2f}.
† The model has no probabilities of its own; they were calibrated inside the training
part. {MISSING} There are none.</li>
</ul>
{_image(comparison.plot(), "Accuracy of each model in each fold")}"""


def _differences(comparison):
    """Matrix of paired differences in accuracy."""
    names = list(comparison.to_frame().index)
    if len(names) < 2:
        return ""
    cells = {}
    for pair in comparison.differences().itertuples():
        cells[pair.row, pair.column] = _difference(
            pair.difference, pair.lower, pair.upper
        )
        cells[pair.column, pair.row] = _difference(
            -pair.difference, -pair.upper, -pair.lower
        )
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(
        f"<tr><th>{escape(row)}</th>"
        + "".join(
            cells.get((row, column), f'<td class="self">{MISSING}</td>')
            for column in names
        )
        + "</tr>"
        for row in names
    )
    return f"""<h2>Is the difference more than chance?</h2>
<p>Each cell is the accuracy of the model in the <b>row minus</b> that of the model in
the <b>column</b>, averaged over the folds, with its 95 % interval below. Green with a
star: the row is better, the interval excludes 0. Red with a star: the row is worse. No
colour: these folds can't tell.</p>
<div class="scroll"><table><thead><tr><th>row − column</th>{head}</tr></thead>
<tbody>{body}</tbody></table></div>
<p class="small">Corrected resampled t-test (Nadeau and Bengio, 2003): it allows for the
training sets of the folds having most spectra in common. It is approximate, wide with
few folds, and not corrected for looking at many pairs.</p>"""


def _difference(mean, lower, upper):
    """One cell of the matrix of differences."""
    kind = "better" if lower > 0 else "worse" if upper < 0 else "same"
    interval = MISSING if np.isnan(lower) else f"{_signed(lower)} to {_signed(upper)}"
    return f'<td class="{kind}"><b>{_signed(mean)}</b><small>{interval}</small></td>'


def _signed(value):
    """Write a number with its sign, with a proper minus and no negative zero."""
    text = f"{round(value, 3) + 0.0:+.3f}"
    return "0.000" if text == "+0.000" else text.replace("-", "−")


def _confusions(comparison):
    """Confusion matrix of each model, the first one open."""
    parts = []
    for place, name in enumerate(comparison.to_frame().index):
        matrix = comparison.confusion_matrix(name)
        counts = matrix.to_numpy(copy=True)
        wrong = counts.sum() - np.trace(counts)
        figure = draw_confusion(matrix)
        picture = _image(figure, f"Confusion matrix of {name}")
        parts.append(
            f"<details{' open' if place == 0 else ''}><summary>{escape(name)}: {wrong} "
            f"of {counts.sum()} wrong{_worst(matrix)}</summary>{picture}</details>"
        )
    return f"""<h2>What is mistaken for what</h2>
<p>Rows are true classes, columns are predictions, numbers are test spectra of all
folds. Blue is correct, orange is a mistake; the darker, the larger the share of the
row.</p>
{"".join(parts)}"""


def _worst(matrix):
    """Name the most frequent mistake."""
    mistakes = matrix.to_numpy(copy=True)
    np.fill_diagonal(mistakes, 0)
    if not mistakes.any():
        return ""
    row, column = np.unravel_index(mistakes.argmax(), mistakes.shape)
    true, predicted = (escape(str(matrix.index[place])) for place in (row, column))
    count = mistakes[row, column]
    often = "once" if count == 1 else f"{count} times"
    return f"; most often {true} taken for {predicted} ({often})"


def _explanations(comparison):
    """Mean spectrum and map of each class, the models side by side."""
    maps = comparison.explanations
    if not maps:
        return ""
    parts = []
    for label in comparison.classes:
        figure = draw_explanations(maps, [label], standalone=False)
        picture = _image(figure, f"Mean spectrum and map of class {label}")
        parts.append(f"<h3>{escape(str(label))}</h3>{picture}")
    names = " and ".join(escape(name) for name in maps)
    units = {{"cm-1": "cm⁻¹", "point": "points"}[m.unit] for m in maps.values()}
    unit = " or ".join(sorted(units))
    return f"""<h2>What the models looked at</h2>
<p>For {names}: the line is the mean of the test spectra of a class that were classified
correctly: as they were given to the model or, where a map has no way back to them
(spectra with axes of their own, steps that mix wavenumbers), as its classifier was
given them. The color below the line tells how much each wavenumber contributed to that
decision. Up to three bands, those with the largest contribution, carry their position
in {unit}.</p>
<p>A map on the bands that a spectroscopist would name for the class is a good sign. A
map on flat baseline or at an edge of the axis says that the model has learned something
else, such as fluorescence or the instrument.</p>
<div class="legend"><span>speaks against the class</span><i></i>
<span>speaks for it</span><span>(white: plays no part)</span></div>
<p class="small">Each spectrum's map is divided by its largest absolute value before
averaging, and colors are scaled in each panel: compare positions, not strengths,
between models.</p>
{"".join(parts)}"""


def _footer(comparison):
    """What it was made with."""
    return (
        '<h2>Made with</h2><p class="small">sklearn-raman '
        f"{escape(__version__)}, scikit-learn {escape(sklearn.__version__)}, NumPy "
        f"{escape(np.__version__)}.</p>"
    )


def _image(figure, alternative):
    """Embed a figure; it keeps its size and scrolls where the screen is narrow."""
    width = round(figure.get_figwidth() * 96)
    file = BytesIO()
    figure.savefig(file, format="png", dpi=150)
    data = base64.b64encode(file.getvalue()).decode("ascii")
    tag = (
        f'<img width="{width}" alt="{escape(alternative)}" '
        f'src="data:image/png;base64,{data}">'
    )
    return f'<div class="scroll">{tag}</div>'


def _range(counts):
    """Write one number, or the smallest and the largest."""
    low, high = min(counts), max(counts)
    return f"{low}" if low == high else f"{low} to {high}"
