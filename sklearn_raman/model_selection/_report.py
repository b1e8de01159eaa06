"""One page with everything a comparison has to say, without any other file.

The words are in `report.html`; here are the numbers, tables and figures.
"""

import base64
import os
import re
from html import escape
from importlib.resources import files
from io import BytesIO
from string import Template

import numpy as np
import pandas as pd

from sklearn_raman._utils._optional import import_optional
from sklearn_raman._utils._plot import new_figure
from sklearn_raman._utils._validation import check_text
from sklearn_raman.model_selection._comparison import (
    FEWEST_FOLDS,
    METRICS,
    MISSING,
    UNGROUPED,
    compare_with_best,
    count_all,
    format_cells,
)
from sklearn_raman.model_selection._leakage import describe_leaks
from sklearn_raman.model_selection._notes import explain_labels, find_bands
from sklearn_raman.model_selection._novelty import count_novel, sum_up_missed
from sklearn_raman.model_selection._plot import (
    draw_class_means,
    draw_explanations,
    draw_missed,
    list_labels,
)
from sklearn_raman.model_selection._spectra import list_missed

# Rows of the table of misclassified spectra; the rest is counted.
MOST_LISTED = 40
MOST_NAMES = 5  # that unknown spectra of one model are taken for
N_COLORS = 64
NEARLY_WHITE = 250
DPI = 144


def render(comparison, *, title, description, bands):
    """Return the page as text.

    Parameters
    ----------
    comparison : Comparison
    title, description : str
        Plain text; blank lines in the description separate paragraphs.
    bands : dict of str to BandReport
    """
    page = files("sklearn_raman.model_selection").joinpath("report.html")
    wanted, grouping = set(), comparison.protocol["grouping"]
    if grouping == "given":
        wanted.add("groups")
    if len(comparison.choices):
        wanted.add("choices")
    if len(comparison.to_frame()) > 1:
        wanted.add("differences")
    if comparison.explanations:
        wanted.add("maps")
    if comparison.protocol.get("false_alarm_rate") is not None:
        wanted.add("novelty")
    if bands:
        wanted.add("bands")
    if comparison.class_means is not None:
        wanted.add("spectra")
    if comparison.protocol.get("models"):
        wanted.add("models")
    page = re.sub(
        r'<section id="([^"]*)" class="maybe">.*?</section>\n',
        lambda section: section[0] if section[1] in wanted else "",
        page.read_text(encoding="utf-8"),
        flags=re.DOTALL,
    )
    headings = re.findall(r'<section id="([^"]*)"[^>]*>\n<h2>(.*?)</h2>', page)
    check_text(title, "title")
    check_text(description, "description")
    paragraphs = [part.strip() for part in description.split("\n\n") if part.strip()]
    protocol, n_classes = comparison.protocol, len(comparison.classes)
    splitter = protocol["splitter"]
    return Template(page).substitute(
        title=escape(title),
        contents="".join(
            f'<li><a href="#{anchor}">{heading}</a></li>'
            for anchor, heading in headings
        ),
        description="".join(f"<p>{escape(text)}</p>" for text in paragraphs),
        facts="".join(
            f"<div><b>{count}</b><span>{what}</span></div>"
            for what, count in count_all(comparison).items()
        ),
        n_times="once" if protocol["n_folds"] == 1 else f"{protocol['n_folds']} times",
        splitter=f" (<code>{escape(splitter)}</code>)" if splitter else "",
        n_train=_range(protocol["n_train"]),
        n_test=_range(protocol["n_test"]),
        warnings=_warnings(protocol),
        in_short=_in_short(comparison),
        score_rows=_score_rows(comparison),
        **_choices(comparison),
        models=_models(comparison),
        n_classes=n_classes,
        guess_loss=f"{np.log(n_classes):.2f}",
        score_figure=_image(comparison.plot(), "Accuracy of each model in each fold"),
        **_differences(comparison),
        confusions=_confusions(comparison),
        missed=_missed(comparison),
        **_novelty(comparison),
        class_means=_class_means(comparison),
        **_maps(comparison),
        bands="".join(_bands(name, report) for name, report in bands.items()),
        made=_made(protocol),
    )


def _warnings(protocol):
    """Boxes with what is wrong with the data or the split."""
    texts = describe_leaks(protocol)
    if protocol["grouping"] in UNGROUPED:
        text = UNGROUPED[protocol["grouping"]]
        texts.insert(0, text[0].upper() + text[1:])
    return "".join(f'<p class="note warning">{escape(text)}</p>' for text in texts)


def _in_short(comparison):
    """Name the best model and those that can't be told from it."""
    summary = comparison.to_frame()
    best = summary.index[0]
    score = summary["accuracy"].iloc[0]
    text = f"Highest mean accuracy: <b>{escape(best)}</b>, {score:.3f}."
    others = compare_with_best(comparison)[1:]
    ties = [escape(name) for name in others.index[others == "tie"]]
    if "?" in set(others):
        text += (
            f" {FEWEST_FOLDS - 1} folds or fewer cannot say what is more than chance."
        )
    elif ties:
        names = "all other models" if len(ties) == len(others) else ", ".join(ties)
        text += f" It is a tie with {names}: these folds do not tell them apart."
    elif len(others):
        text += " The differences to all other models are larger than chance."
    return text


def _score_rows(comparison):
    """Rows of the table of scores, the best of each metric marked."""
    summary = comparison.to_frame()
    cells = "<td>" + format_cells(summary, " †") + "</td>"
    against = compare_with_best(comparison)
    kinds = [f'<td class="to-{kind}">{kind}</td>' for kind in against]
    cells.insert(1, "against", kinds)
    for name, (_, more_is_better) in METRICS.items():
        rounded = summary[name].round(3)
        best = rounded.max() if more_is_better else rounded.min()
        marked = cells[name].str.replace("<td>", '<td class="best">')
        cells[name] = cells[name].where(rounded != best, marked)
    return "".join(_row(name, cells.loc[name]) for name in cells.index)


def _row(name, cells):
    """Row of a table, its name in front."""
    return f"<tr><th>{escape(name)}</th>{''.join(cells)}</tr>"


def _differences(comparison):
    """Matrix of paired differences in accuracy."""
    names = list(comparison.to_frame().index)
    nothing = f'<td class="self">{MISSING}</td>'
    cells = pd.DataFrame(nothing, index=names, columns=names)
    for pair in comparison.differences().itertuples():
        mean, low, high = pair.difference, pair.lower, pair.upper
        cells.loc[pair.model, pair.other] = _difference(mean, low, high)
        cells.loc[pair.other, pair.model] = _difference(-mean, -high, -low)
    return {
        "difference_head": "".join(f"<th>{escape(name)}</th>" for name in names),
        "difference_rows": "".join(_row(name, cells.loc[name]) for name in names),
    }


def _difference(mean, lower, upper):
    """One cell of the matrix of differences."""
    kind = "better" if lower > 0 else "worse" if upper < 0 else "same"
    interval = MISSING if np.isnan(lower) else f"{_signed(lower)} to {_signed(upper)}"
    return f'<td class="{kind}"><b>{_signed(mean)}</b><small>{interval}</small></td>'


def _signed(value):
    """Write a number with its sign, with a proper minus and no negative zero."""
    text = f"{round(value, 3) + 0.0:+.3f}"
    return "0.000" if text == "+0.000" else text.replace("-", "−")


def _choices(comparison):
    """Rows of what the searches chose, one per model and parameter."""
    choices = comparison.choices
    folds = range(comparison.protocol["n_folds"])
    rows = []
    for model, part in choices.groupby("model", sort=False):
        table = part.pivot(index="parameter", columns="fold", values="value")
        table = table.reindex(part["parameter"].unique()).reindex(columns=folds)
        for place, (name, values) in enumerate(table.iterrows()):
            head = escape(model) if place == 0 else ""
            cells = "".join(
                f"<td>{MISSING if pd.isna(value) else escape(value)}</td>"
                for value in values
            )
            kind = ' class="first"' if place == 0 else ""
            rows.append(f"<tr{kind}><th>{head}</th><td>{escape(name)}</td>{cells}</tr>")
    return {
        "choice_head": "".join(f"<th>fold {k}</th>" for k in folds),
        "choice_rows": "".join(rows),
    }


def _models(comparison):
    """Text of each model as it was given, folded away."""
    texts = comparison.protocol.get("models", {})
    return "".join(
        f"<details><summary>{escape(name)}</summary>"
        f'<div class="scroll"><pre>{escape(texts[name])}</pre></div></details>'
        for name in comparison.to_frame().index
        if name in texts
    )


def _missed(comparison):
    """Table of the spectra that models named wrongly, and a picture of the first."""
    predictions = comparison.predictions
    missed = list_missed(predictions)
    if missed.empty:
        return "<p>Every model named every test spectrum correctly.</p>"
    n_models, n_tested = predictions["model"].nunique(), predictions["row"].nunique()
    listed = missed.head(MOST_LISTED)
    wrong = predictions[predictions["true"] != predictions["predicted"]]
    wrong = wrong[wrong["row"].isin(listed.index)]
    files = _short_names(predictions)
    rows, given = [], {}
    for row, answers in wrong.groupby("row"):
        by_label = answers.groupby("predicted", sort=False)["model"]
        counts = by_label.size().sort_values(ascending=False, kind="stable")
        listed_models = [_who(by_label.get_group(label)) for label in counts.index]
        labels = [escape(str(label)) for label in counts.index]
        answers = zip(labels, listed_models, strict=True)
        given[row] = (
            counts.index[0],
            "<br>".join(f"{label} <small>({who})</small>" for label, who in answers),
        )
    for spectrum in listed.itertuples():
        file = f"<td>{escape(files[spectrum.Index])}</td>" if files else ""
        rows.append(
            f"<tr><th>{spectrum.Index}</th>{file}<td>{escape(str(spectrum.true))}</td>"
            f"<td>{given[spectrum.Index][1]}</td>"
            f"<td>{spectrum.n_models} of {n_models}</td></tr>"
        )
    rest = len(missed) - len(listed)
    text = f"{len(missed)} of {n_tested} test spectra were named wrongly by a model"
    text += f"; the first {len(listed)} are listed, {rest} are not." if rest else "."
    head = "<th>file</th>" if files else ""
    return (
        f"<p>{text}</p>{_missed_figures(comparison, missed, given, files)}"
        '<div class="scroll"><table class="missed"><thead><tr><th>row</th>'
        f"{head}<th>true</th><th>taken for (by)</th><th>models wrong</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _who(models):
    """Name models, with the number of folds where it is more than one."""
    counts = models.value_counts(sort=False)
    return ", ".join(
        escape(name) if count == 1 else f"{escape(name)} {count}x"
        for name, count in counts.items()
    )


def _short_names(predictions):
    """Return the file of each row, without the folder that all share; {} if unknown."""
    if "file" not in predictions:
        return {}
    files = predictions.drop_duplicates("row").set_index("row")["file"]
    if files.nunique() < 2:  # one table of all spectra
        return {}
    try:
        shared = os.path.commonpath(files.unique().tolist())
        return {row: os.path.relpath(file, shared) for row, file in files.items()}
    except ValueError:  # relative and absolute, or on several drives
        return files.to_dict()


def _missed_figures(comparison, missed, given, files):
    """Pictures of the spectra that most models missed, or nothing if there is none."""
    spectra, means = comparison.missed, comparison.class_means
    if spectra is None or means is None or spectra.empty:
        return ""
    parts, n_models = [], comparison.predictions["model"].nunique()
    for row, spectrum in spectra.iterrows():
        maps, true = comparison.missed_maps.get(row), missed["true"][row]
        predicted = given[row][0] if maps is None else maps.predicted
        picture = _image(
            draw_missed(spectrum, means, true, predicted, maps),
            f"Row {row}: {true}, taken for {predicted}",
        )
        name = f"Row {row}" + (f" ({files[row]})" if files else "")
        text = (
            f"<b>{escape(name)}</b>: {escape(str(true))}, taken for "
            f"{escape(str(predicted))}; missed by {missed['n_models'][row]} of "
            f"{n_models} models. "
        )
        if maps is None:
            text += "There is no map of a model that missed it."
        else:
            text += f"Maps: {escape(maps.model)}, fold {maps.fold}."
        parts.append(f"<figure><figcaption>{text}</figcaption>{picture}</figure>")
    return (
        "<p>The spectra that most models missed (blue), between the means of their own "
        "class and of the one that they were taken for (gray). Each is stretched to "
        "the same height. One that looks like neither may be a bad measurement or a "
        "wrong label.</p>"
        "<p>Below a spectrum, if a model that missed it has maps: what spoke for (red) "
        "and against (blue) the class it was taken for, and the same for its own "
        "class, on one scale of colors. The model is the most accurate of these, and "
        "it had not seen the spectrum. Look for the band that misled it, and for the "
        "one that it did not count.</p>"
        f'<div class="figures">{"".join(parts)}</div>'
    )


def _novelty(comparison):
    """Table of the spectra called none of the classes, and what the others pass for."""
    rate = comparison.protocol.get("false_alarm_rate")
    if rate is None:
        return dict.fromkeys(("alarm_rate", "novel_head", "novel_rows", "passing"), "")
    rows = [
        _row(name, [f"<td>{n_tested}</td>", *(_count_cell(n) for n in called)])
        for name, n_tested, called in count_novel(comparison)
    ]
    items = [
        f"<li><b>{escape(model)}</b>: {_name_often(counts)}</li>"
        for model, counts in sum_up_missed(comparison).items()
    ]
    passing = (
        "<p>Unknown spectra that were not detected are taken for:</p>"
        f'<ul class="small">{"".join(items)}</ul>'
    )
    names = comparison.to_frame().index
    return {
        "alarm_rate": f"{100 * rate:g} %",
        "novel_head": "".join(f"<th>{escape(name)}</th>" for name in names),
        "novel_rows": "".join(rows),
        "passing": passing if items else "",
    }


def _count_cell(number):
    """Write a count; nothing for 0, and that a detector can't ring."""
    return "<td>cannot tell</td>" if number is None else f"<td>{number or ''}</td>"


def _name_often(counts):
    """Write the most frequent names with their counts, and how many more there are."""
    texts = [f"{escape(str(name))} ({n})" for name, n in counts.items()]
    rest = counts.iloc[MOST_NAMES:]
    if len(rest) > 1:
        texts[MOST_NAMES:] = [f"{len(rest)} other classes ({rest.sum()})"]
    return ", ".join(texts)


def _class_means(comparison):
    """Picture of the mean spectrum of each class."""
    if comparison.class_means is None:
        return ""
    return _image(draw_class_means(comparison.class_means), "Mean of each class")


def _made(protocol):
    """Say when the models were compared and with what."""
    versions = [f"{name} {text}" for name, text in protocol.get("versions", {}).items()]
    parts = [protocol.get("date", ""), ", ".join(versions)]
    return escape(": ".join(filter(None, parts)))


def _confusions(comparison):
    """Confusion matrix of each model, the first one open."""
    parts = []
    for place, name in enumerate(comparison.to_frame().index):
        matrix = comparison.confusion_matrix(name)
        n_all = matrix.to_numpy().sum()
        wrong = n_all - np.trace(matrix)
        parts.append(
            f"<details{' open' if place == 0 else ''}><summary>{escape(name)}: {wrong} "
            f"of {n_all} wrong{_worst(matrix)}</summary>{_matrix(matrix)}</details>"
        )
    return "".join(parts)


def _matrix(matrix):
    """Table of counts: correct ones in blue, mistakes in orange, none left empty."""
    names = [escape(str(label)) for label in matrix.index]
    counts = matrix.to_numpy()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    head = "".join(f"<th><span>{name}</span></th>" for name in names)
    rows = []
    for true, (name, line) in enumerate(zip(names, counts, strict=True)):
        cells = []
        for place, count in enumerate(line):
            kind = "right" if place == true else "wrong"
            kind += " most" if shares[true, place] > 0.5 else ""
            depth = f"--depth:{0.25 + 0.7 * shares[true, place]:.2f}"
            cells.append(
                f'<td class="{kind}" style="{depth}">{count}</td>'
                if count
                else "<td></td>"
            )
        rows.append(f"<tr><th>{name}</th>{''.join(cells)}</tr>")
    return (
        '<div class="scroll"><table class="matrix"><thead><tr>'
        f"<th>true \\ predicted</th>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _worst(matrix):
    """Name the most frequent mistake."""
    mistakes = matrix.mask(np.eye(len(matrix), dtype=bool), 0).stack()
    count = mistakes.max()
    if count == 0:
        return ""
    true, predicted = (escape(str(label)) for label in mistakes.idxmax())
    often = "once" if count == 1 else f"{count} times"
    return f"; most often {true} taken for {predicted} ({often})"


def _maps(comparison):
    """Mean spectrum and map of each class, the models side by side."""
    maps, means = comparison.explanations, comparison.class_means
    names, parts = [escape(name) for name in maps], []
    bands = None if means is None else find_bands(means.to_numpy())
    for label in comparison.classes if maps else ():
        figure = draw_explanations(maps, [label], standalone=False)
        picture = _image(figure, f"Mean spectrum and map of class {label}")
        parts.append(f"<h3>{escape(str(label))}</h3>{picture}")
        if means is not None:
            panels = zip(figure.axes, maps.values(), strict=False)
            labels = list_labels(a for a, one in panels if _is_on_axis(one, means))
            notes = explain_labels(label, labels, means, bands)
            items = [f"<li><b>{at}</b>: {escape(text)}</li>" for at, text in notes]
            parts.append(f'<ul class="small">{"".join(items)}</ul>' if items else "")
    units = {{"cm-1": "cm⁻¹", "point": "points"}[m.unit] for m in maps.values()}
    return {
        "map_names": " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]])),
        "occluded": _occluded(comparison.protocol.get("occluded", [])),
        "map_units": " or ".join(sorted(units)),
        "maps": "".join(parts),
    }


def _bands(name, report):
    """Verdict, table and figure of a `BandReport`."""
    classes = report.mean_map.index
    figure = new_figure(8.2, 1.9 * len(classes) + 0.6)
    report.plot(ax=figure.subplots(len(classes), 1))
    heading = f"<h3>{escape(name)}</h3>" if name else ""
    picture = _image(figure, f"Mean maps with intervals {name}".strip())
    return f'{heading}<div class="scroll">{report._repr_html_()}</div>{picture}'


def _occluded(names):
    """Say what the maps of models are that have none of their own."""
    if not names:
        return ""
    return (
        f"<p><b>By occlusion.</b> {escape(', '.join(names))}: the color tells what the "
        "score of the class loses when a stretch of the spectrum is hidden. A panel "
        "without color means that no stretch alone decides.</p>"
    )


def _is_on_axis(summary, means):
    """Tell whether positions on a map can be looked up in the means of the classes."""
    if summary.unit == "cm-1":
        return means.columns.name == "cm-1"
    return means.columns.name == "point" and means.shape[1] == len(summary.axis)


def _image(figure, alternative):
    """Embed a figure; it keeps its size and scrolls where the screen is narrow."""
    width = round(figure.get_figwidth() * 96)
    drawn, file = BytesIO(), BytesIO()
    figure.savefig(drawn, format="raw", dpi=DPI)
    size = [int(inches * DPI) for inches in figure.get_size_inches()]
    # A third of the size; few colors are enough for lines, text and a color scale.
    pillow = import_optional("PIL.Image", "plot")  # matplotlib brings it
    picture = pillow.frombytes("RGBA", size, drawn.getvalue()).convert("RGB")
    picture = picture.quantize(N_COLORS, method=pillow.Quantize.FASTOCTREE)
    colors = np.reshape(picture.getpalette(), (-1, 3))
    colors[colors.min(axis=1) >= NEARLY_WHITE] = 255
    picture.putpalette(colors.ravel().tolist())
    picture.save(file, format="png", optimize=True)
    data = base64.b64encode(file.getvalue()).decode("ascii")
    return (
        f'<div class="scroll"><img width="{width}" alt="{escape(alternative)}" '
        f'src="data:image/png;base64,{data}"></div>'
    )


def _range(counts):
    """Write one number, or the smallest and the largest."""
    low, high = min(counts), max(counts)
    return f"{low}" if low == high else f"{low} to {high}"
