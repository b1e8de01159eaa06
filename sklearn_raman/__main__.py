"""The command line: a report, predictions and conversions without programming."""

import argparse
import csv
import glob
import os
import re
import sys
import warnings
from importlib import import_module
from pathlib import Path
from zipfile import is_zipfile

import numpy as np
import pandas as pd

from sklearn_raman._utils._whole_file import written_whole

EXAMPLES = """examples:
  python -m sklearn_raman report spectra.csv --label mineral --group crystal
  python -m sklearn_raman report data/ --group "/(R[0-9]+)_" --save-model model.skops
  python -m sklearn_raman predict model.skops new.csv -o predictions.csv
  python -m sklearn_raman convert data/ -o spectra.csv

`python -m sklearn_raman COMMAND --help` explains a command. Exit codes: 0 done,
1 data, a file or a value is at fault, 2 options can't be parsed, 130 interrupted."""

SPECTRA = (
    "a table (.csv, .txt, ...), a folder, a quoted pattern such as 'data/*.txt', or \
several files; in a table one row or one column per spectrum, otherwise one file each"
)

# What models of this package, Pipelines and wrappers of scikit-learn around them hold
# beside what skops trusts. Anything else could run foreign code.
_TRUSTED = (
    "sklearn_raman.",
    "imblearn.over_sampling.",
    "imblearn.pipeline.",
    "sklearn.calibration.",
    "sklearn.model_selection._split.",
    "sklearn.tree.",
    "skorch.callbacks.",
    "skorch.history.",
    "torch.nn.modules.",
    "torch.optim.",
    "torch.utils.data.dataloader.",
)
_TRUSTED_NAMES = (
    "builtins.print",
    "builtins.range",
    "functools.partial",
    "scipy.sparse._csr.csr_array",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.metrics._scorer._Scorer",
    "sklearn.utils._bunch.Bunch",
    "sklearn_raman.preprocessing._interpolation._apply_operator",
    "sklearn_raman.preprocessing._interpolation._in_blocks",
    "sklearn_raman.preprocessing._interpolation._take_linear",
    "sklearn_raman.preprocessing._interpolation.interpolate_rows",
    "skorch.setter.optimizer_setter",
    "skorch.utils.noop",
    "skorch.utils.to_numpy",
)
# All but tabs and line ends, what turns the direction of writing, and bytes in names of
# files that are no UTF-8.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


# What the package raises when data, files, values or missing packages are at fault.
_FAULTS = (ValueError, TypeError, OSError, ImportError, RuntimeError, MemoryError)
# Parameters in messages of the package, and what they are called here.
_OPTIONS = {
    name: "--" + name.replace("_", "-")
    for name in "label group orientation delimiter decimal encoding header comment "
    "missing laser_nm columns metadata on_error".split()
} | {
    "n_splits": "--folds",
    "cv": "--folds",
    "target_wavenumbers": "--grid",
    "unknown": "--unknown",
}
# Advice for Python alone.
_IN_PYTHON = re.compile(
    r", or pass pandas\.\S+ \S+ to read_spectra_table| to load_spectra\b"
)
_PARAMETER = re.compile(
    rf"(?<![\w(-])({'|'.join(_OPTIONS)})=(?:[\[(]([^])]*)[])]|(?=([\w'\"-])?))"
)


def main(arguments=None):
    """Run a command and return its exit code."""
    parser = _make_parser()
    options = parser.parse_args(arguments)
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            options.run(options)
        except KeyboardInterrupt:
            _say("interrupted")
            return 130
        except BrokenPipeError:  # who reads the output has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except _FAULTS as error:
            _say(f"error: {_as_options(str(error) or type(error).__name__)}")
            return 1
    return 0


def _make_parser():
    parser = argparse.ArgumentParser(
        prog="python -m sklearn_raman",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    report = _add(commands, "report", _report, "compare models on labeled spectra")
    report.add_argument("spectra", nargs="+", help=SPECTRA)
    _add_fields(report)
    report.add_argument(
        "-o", "--output", type=Path, default=Path("report.html"), metavar="FILE"
    )
    report.add_argument("--title", help="title of the page")
    report.add_argument(
        "--models", metavar="NAMES", help='some of the models, such as "SVM,PLS-LDA"'
    )
    report.add_argument(
        "--quick", action="store_true", help="small grids, short training: a first look"
    )
    report.add_argument(
        "--save-model",
        type=Path,
        metavar="FILE.skops",
        help="fit the most accurate model on all spectra and save it for predict",
    )
    report.add_argument(
        "--explain-all",
        action="store_true",
        help="maps of every model, not only of PLS-LDA and the networks (slower)",
    )
    report.add_argument(
        "--unknown",
        nargs="+",
        metavar="PATH",
        help="spectra of no class: how many does each model call none of its classes, "
        "by mistake how many others? (slower)",
    )
    folds, seed = _whole(2), _whole(0, 2**32 - 1)
    report.add_argument("--folds", type=folds, default=5, metavar="N")
    report.add_argument("--jobs", type=_whole(-64), metavar="N", help="processes (1)")
    report.add_argument("--seed", type=seed, default=0, metavar="N")
    _add_format(report)

    predict = _add(commands, "predict", _predict, "name new spectra with a saved model")
    predict.add_argument("model", type=Path, help="what report --save-model wrote")
    predict.add_argument("spectra", nargs="+", help=SPECTRA)
    predict.add_argument(
        "-o", "--output", type=Path, metavar="FILE.csv", help="otherwise: print"
    )
    _add_format(predict)

    convert = _add(commands, "convert", _convert, "write many spectra into one table")
    convert.add_argument("spectra", nargs="+", help=SPECTRA)
    _add_fields(convert)
    convert.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.csv")
    convert.add_argument(
        "--grid",
        type=float,
        nargs=3,
        metavar=("START", "STOP", "STEP"),
        help="axis of the table in cm-1; by default that of the spectra or, where they "
        "differ, the range that all cover with their median step",
    )
    _add_format(convert)
    return parser


def _whole(low, high=None):
    """Return a reader of whole numbers within limits; 0 processes are none."""
    limits = f"from {low} to {high}" if high else f"from {low}" if low >= 0 else "not 0"

    def read(text):
        try:
            value = int(text)
        except ValueError:
            value = None
        is_in = value is not None and value >= low and (high is None or value <= high)
        if not is_in or value == 0 > low:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number {limits}")
        return value

    return read


def _add(commands, name, run, what):
    command = commands.add_parser(name, help=what, description=what.capitalize() + ".")
    command.set_defaults(run=run)
    return command


def _add_fields(command):
    where = "the heading of a column, or for files: folder, file, or a regular \
expression for the path with the name in its group"
    command.add_argument("--label", help=f"where the class is: {where}")
    command.add_argument(
        "--group", help="what makes spectra alike (crystal, patient): given likewise"
    )


def _add_format(command):
    form = command.add_argument_group("what is found out, unless you say it")
    form.add_argument(
        "--orientation",
        choices=["rows", "columns", "long"],
        help="of a table: where its spectra are",
    )
    form.add_argument("--delimiter", help="what separates columns")
    form.add_argument("--decimal", choices=[".", ","], help="decimal mark")
    form.add_argument("--encoding", help="such as utf-8 or cp1252")
    form.add_argument(
        "--header", type=_whole(0), metavar="N", help="lines before headings or numbers"
    )
    form.add_argument("--comment", help="how lines begin that are left out")
    form.add_argument(
        "--missing",
        choices=["raise", "drop"],
        default="raise",
        help="points without a number: an error, or left out",
    )
    form.add_argument(
        "--metadata",
        nargs="*",
        metavar="HEADING",
        help="of a table: all columns that are no intensities",
    )
    form.add_argument(
        "--columns",
        nargs="+",
        metavar="COLUMN",
        help="of files: the axis, then intensities, by position from 0 or heading",
    )
    form.add_argument(
        "--on-error",
        choices=["raise", "skip"],
        default="raise",
        help="files that can't be read: an error, or left out",
    )
    form.add_argument(
        "--laser-nm", type=float, metavar="NM", help="the axis is in nm, of this laser"
    )


def _read(options, paths=None, *, label=None, group=None):
    """Read one table, or files and folders with a spectrum in each."""
    from sklearn_raman._utils._suffixes import TEXT_SUFFIXES
    from sklearn_raman.datasets import load_spectra, read_spectra_table

    names = ("delimiter", "decimal", "encoding", "header", "comment", "missing")
    names += ("laser_nm",)
    how = {name: getattr(options, name) for name in names}
    how |= {"label": label, "group": group}
    paths = options.spectra if paths is None else paths
    # Instruments' own formats have suffixes of their own.
    is_table = len(paths) == 1 and Path(paths[0]).suffix.lower() in TEXT_SUFFIXES
    is_table &= not options.columns and not Path(paths[0]).is_dir()
    if is_table and not _is_pattern(paths[0]):
        own = {"orientation": options.orientation, "metadata": options.metadata}
        try:
            return read_spectra_table(paths[0], **how, **own)
        except ValueError:
            single = None if any(own.values()) else _read_single(paths[0], how)
            if single is None:
                raise
            return single
    for name in ("orientation", "metadata"):
        if getattr(options, name) is not None:
            raise ValueError(f"--{name} is for one table, not for a folder or files.")
    columns = [int(c) if c.isdecimal() else c for c in options.columns or ()] or None
    return load_spectra(paths, columns=columns, on_error=options.on_error, **how)


def _read_single(path, how):
    """Read a file that is no table as the one spectrum that it holds, or return None.

    What instruments write above, below and beside a spectrum makes no table.
    """
    from sklearn_raman.datasets import load_spectra

    try:
        spectra = load_spectra(path, **how)
    except ValueError:
        return None
    return spectra if len(spectra.names) == 1 else None


def _check_outputs(*outputs, inputs):
    """Refuse what can't be written, or would overwrite an input, before any work."""
    taken = {_identity(path): f"{path} is an input" for path in _input_files(inputs)}
    for path in filter(None, outputs):
        found = _identity(path)
        if found in taken:
            raise ValueError(f"{taken[found]}: give the output {path} another name.")
        if path.is_dir():
            raise IsADirectoryError(
                f"The output {path} is a folder: name a file in it."
            )
        folder = Path(os.path.realpath(path)).parent  # where a link leads to
        if not folder.is_dir():
            raise FileNotFoundError(
                f"The folder of the output {path} does not exist: make {folder} first."
            )
        if not os.access(path if path.exists() else folder, os.W_OK):
            raise PermissionError(f"The output {path} can't be written: no permission.")
        taken[found] = f"{path} is an output already"


def _tables(options):
    """Return the tables of labels and groups among what says where these are."""
    return [p for p in (options.label, options.group) if p and os.path.isfile(p)]


def _input_files(inputs):
    """Yield the files that folders, patterns and files of a command stand for.

    Pages and models in a folder are no spectra; `report` may write them anew.
    """
    for entry in inputs:
        path = os.path.expanduser(entry)
        if os.path.isdir(path):
            for root, _, names in os.walk(path):
                files = (Path(root, name) for name in names)
                yield from (f for f in files if f.suffix not in (".html", ".skops"))
        elif _is_pattern(path):
            yield from glob.glob(path, recursive=True)
        else:
            yield path


def _is_pattern(path):
    """Tell whether a path stands for the files that it matches."""
    return glob.has_magic(str(path)) and not os.path.exists(os.path.expanduser(path))


def _identity(path):
    """Return what two paths to one file have in common, links and hard links too."""
    try:
        found = os.stat(path)
    except OSError:
        return os.path.realpath(path)
    return found.st_dev, found.st_ino


def _with_metadata(spectra, own):
    """Return our columns and those of the spectra; of two of one name both."""
    known = {"spectrum": spectra.names}
    for name, values in spectra.metadata.items():
        taken = name in own or name in known
        known[f"{name} (as read)" if taken else name] = values.to_numpy()
    return known


def _report(options):
    """Compare the standard models and write the page."""
    from sklearn_raman.model_selection import compare, standard_models
    from sklearn_raman.preprocessing import WavenumberResampler

    inputs = [*options.spectra, *(options.unknown or ()), *_tables(options)]
    _check_outputs(options.output, options.save_model, inputs=inputs)
    label = options.label
    if label is None and Path(options.spectra[0]).is_dir():
        label = "folder"
    if label is None:
        known = list(_read(options).metadata.columns)
        raise ValueError(
            f"--label is missing: where is the class of each spectrum? Columns: {known}"
        )
    spectra = _read(options, label=label, group=options.group)
    # On one axis, so that the saved model takes new spectra of any axis that covers it.
    axis = WavenumberResampler(target_wavenumbers="common").fit(spectra.data)
    models = standard_models(
        options.seed,
        quick=options.quick,
        target_wavenumbers=axis.wavenumbers_out_,
    )
    if options.models is not None:
        wanted = [name.strip() for name in options.models.split(",")]
        unknown = [name for name in wanted if name not in models]
        if unknown:
            raise ValueError(f"--models: {unknown} are none of {list(models)}.")
        models = {name: models[name] for name in wanted}
    _say(spectra.DESCR)
    if options.group is None:
        _say("note: without --group, spectra of one sample can be on both sides of a")
        _say("      split, and the scores say how well a model remembers")
    result = compare(
        models,
        spectra,
        groups=spectra.groups,
        cv=options.folds,
        n_jobs=options.jobs,
        explain="all" if options.explain_all else True,
        unknown=_read(options, options.unknown) if options.unknown else None,
        random_state=options.seed,
    )
    print(_visible(str(result)))
    source = ", ".join(Path(path).name for path in options.spectra)
    page = result.save_html(
        options.output,
        title=_visible(options.title or f"Comparison of models on {source}"),
        description="\n\n".join(spectra.DESCR.splitlines()),
    )
    print(_visible(f"Report: {page}"))
    if options.save_model:
        best = result.to_frame().index[0]
        _say(f"fitting {best} on all {len(spectra.target)} spectra")
        _save(models[best], spectra, options.save_model)
        print(_visible(f"Model: {options.save_model} ({best})"))


def _save(model, spectra, path):
    """Fit a model on all spectra, by group as `compare` does, and write it."""
    from sklearn_raman._utils._optional import import_optional
    from sklearn_raman._utils._pipeline import group_parameters

    skops = import_optional("skops.io", "deploy")
    by_group = group_parameters(model, spectra.groups)
    model.fit(spectra.data, spectra.target, **by_group)
    with written_whole(path) as unfinished:
        skops.dump(getattr(model, "best_estimator_", model), unfinished)


def _is_trusted(name):
    """Say if a name in a model is that of a class that runs no code of others.

    skops may call what it names: functions, and what a module imported, are no classes
    of that module. `mapping` holds no models, but pickles on their way to workers.
    """
    from sklearn import metrics

    module, _, own = name.rpartition(".")
    if name in _TRUSTED_NAMES:
        return True
    if module.startswith("sklearn.metrics."):  # what a search scores with
        return own in metrics.__all__
    if not name.startswith(_TRUSTED) or name.startswith("sklearn_raman.mapping."):
        return False
    found = getattr(import_module(module), own, None)
    # What is missing can't be called; skops says so.
    return found is None or (isinstance(found, type) and found.__module__ == module)


def _predict(options):
    """Name spectra with a saved model."""
    from sklearn_raman._utils._optional import import_optional
    from sklearn_raman._utils._pipeline import flat_steps
    from sklearn_raman.preprocessing import WavenumberResampler
    from sklearn_raman.uncertainty import SpectralNoveltyDetector

    skops = import_optional("skops.io", "deploy")
    _check_outputs(options.output, inputs=[*options.spectra, options.model])
    if not options.model.is_file():
        raise FileNotFoundError(f"There is no model {options.model}.")
    if not is_zipfile(options.model):
        raise ValueError(f"{options.model} is no model that report --save-model wrote.")
    try:
        types = skops.get_untrusted_types(file=options.model)
        foreign = [name for name in types if not _is_trusted(name)]
    except Exception as error:  # whatever a broken file leads skops to
        raise ValueError(
            f"{options.model} is no model that report --save-model wrote: {error}"
        ) from error
    if foreign:
        raise ValueError(
            f"{options.model} holds {foreign}, which could run any code. If you trust "
            "its author, load it in Python with skops.io.load."
        )
    try:
        model = skops.load(options.model, trusted=types)
    except Exception as error:
        raise ValueError(f"{options.model} can't be loaded: {error}") from error
    if not hasattr(model, "predict"):
        raise ValueError(
            f"{options.model} holds a {type(model).__name__}, which predicts nothing; "
            "expected a model that report --save-model wrote."
        )
    is_detector = isinstance(model, SpectralNoveltyDetector)
    first = flat_steps(model.estimator_ if is_detector else model)[0][1]
    takes_any = isinstance(first, WavenumberResampler)
    # scikit-learn keeps labels that are texts, the package also those that are numbers.
    knows_axis = hasattr(model, "feature_names_in_")
    knows_axis |= getattr(first, "wavenumbers_in_", None) is not None
    if not (takes_any or knows_axis):
        raise ValueError(
            f"{options.model} does not know the wavenumbers that it was fitted on, or "
            "was not fitted: whether the axis of the spectra fits can't be told. Fit "
            "it on a data frame with wavenumbers as texts, or write a model with "
            "report --save-model."
        )
    spectra = _read(options)
    found = _answers(model, spectra.data)
    table = pd.DataFrame(_with_metadata(spectra, found) | found)
    if options.output is None:
        print(table.to_csv(index=False), end="")
    else:
        with written_whole(options.output) as unfinished:
            table.to_csv(unfinished, index=False)
        print(_visible(f"Predictions of {len(table)} spectra: {options.output}"))


def _answers(model, X):
    """Return the class of each spectrum, its probability, and what a wrapper adds."""
    from sklearn_raman._utils._pipeline import steps_to
    from sklearn_raman.uncertainty import ConformalClassifier, SpectralNoveltyDetector

    before, wrapper = steps_to((ConformalClassifier, SpectralNoveltyDetector), model)
    if wrapper is None:
        return _name(model, X)
    for step in before:
        X = step.transform(X)
    found = _name(wrapper.estimator_, X)
    if isinstance(wrapper, SpectralNoveltyDetector):
        known = pd.array(wrapper.predict(X) == 1, dtype="boolean")
        if wrapper.smallest_p_value_ > wrapper.false_alarm_rate:
            known[:] = pd.NA  # it could not call any spectrum unknown
        found["known"], unknown = known, (~known).fillna(False)
    else:
        answer = wrapper.describe(X)["answer"].to_numpy()
        unknown = answer == "none of these"
        if wrapper.unknown_label is not None:
            not_named = wrapper.predict(X) == wrapper.unknown_label
            answer = np.where(not_named, str(wrapper.unknown_label), answer)
            unknown |= not_named
        found["answer"] = answer
    if "probability" in found:
        # It is a share among the classes, and says nothing if it is none of them.
        found["probability"] = np.where(unknown, np.nan, found["probability"])
    return found


def _name(model, X):
    """Return the class that a model predicts for each spectrum, and its probability."""
    found = {"predicted": np.asarray(model.predict(X))}
    if hasattr(model, "predict_proba"):
        named = np.searchsorted(model.classes_, found["predicted"])
        found["probability"] = model.predict_proba(X)[np.arange(len(named)), named]
        found["probability"] = found["probability"].round(4)
    return found


def _convert(options):
    """Write spectra, labels, groups and what else is known into one wide table."""
    from sklearn_raman.preprocessing import WavenumberResampler

    _check_outputs(options.output, inputs=[*options.spectra, *_tables(options)])
    spectra = _read(options, label=options.label, group=options.group)
    _say(spectra.DESCR)
    data = spectra.data
    if options.grid or not isinstance(data, pd.DataFrame):
        grid = tuple(options.grid) if options.grid else "common"
        resampler = WavenumberResampler(target_wavenumbers=grid)
        values = np.asarray(resampler.fit_transform(data))
        axis = resampler.wavenumbers_out_
        _say(f"note: resampled to {axis[0]:g} to {axis[-1]:g} cm-1, {len(axis)} points")
        data = pd.DataFrame(values, columns=[f"{at:.10g}" for at in axis])
    own = {"label": spectra.target} if spectra.target is not None else {}
    own |= {"group": spectra.groups} if spectra.groups is not None else {}
    known = _with_metadata(spectra, own)
    known = pd.DataFrame({"spectrum": spectra.names} | own | known, index=data.index)
    # In quotation marks a name like "#7" does not begin a comment.
    quoted = not all(name[:1].isalnum() for name in spectra.names)
    quoting = csv.QUOTE_NONNUMERIC if quoted else csv.QUOTE_MINIMAL
    table = pd.concat([known, data], axis=1)
    with written_whole(options.output) as unfinished:
        table.to_csv(unfinished, index=False, quoting=quoting)
    print(_visible(f"{len(data)} spectra of {data.shape[1]} points: {options.output}"))


def _as_options(message):
    """Call parameters in a message of the package by the options of the commands."""

    def name(found):
        values = [value.strip("'\" ") for value in (found[2] or "").split(",")]
        parts = [_OPTIONS[found[1]], *filter(None, values)]
        return " ".join(parts) + " " * bool(found[3])

    message = _PARAMETER.sub(name, _IN_PYTHON.sub("", message))
    return message.replace(
        "read it with read_spectra_table", "give it alone, as the only file"
    )


def _say(text):
    print(_visible(text), file=sys.stderr, flush=True)


def _visible(text):
    """Write control characters out: names in files must not steer the terminal."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _show_warning(message, category, filename, lineno, file=None, line=None):
    """Write a warning as a note: where in the package it arose helps nobody here."""
    _say(f"note: {message}")


if __name__ == "__main__":
    sys.exit(main())
