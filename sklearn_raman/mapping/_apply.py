"""A fitted Pipeline on a cube that need not fit into memory."""

from __future__ import annotations

import copy
import os
import uuid
import warnings
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from sklearn_raman._utils._optional import import_optional
from sklearn_raman._utils._pipeline import flat_steps
from sklearn_raman._utils._sklearn import Interval
from sklearn_raman._utils._validation import levels_to_user
from sklearn_raman._utils._wavenumbers import (
    describe_axis,
    first_difference,
    format_wavenumbers,
)
from sklearn_raman.mapping._blocks import (
    MEANS,
    NAMED,
    NOBODY,
    OUTPUTS,
    STATUS,
    Task,
    apply_block,
    classes_of,
    look_ahead,
    means_of,
    print_block,
    without_wrapper,
    wrapper_outside,
)
from sklearn_raman.mapping._cube import default_block, read_cube
from sklearn_raman.mapping._parcel import Parcel
from sklearn_raman.mapping._store import BLOCKS, write_blocks

_NUMBER = Interval(Real, None, None, closed="both")
_LONG_NAMES = {
    "label": "class, as its position in the coordinate class; -1: unknown",
    "proba": "probability of the class",
    "decision": "decision function",
    "novelty": "share of spectra of the known classes that are less strange",
    "transform": "spectrum as the classifier is given it",
    "explanation": "what speaks for the class",
    "status": "what was done with the pixel",
    "class_count": "number of pixels of the class",
    "class_spectrum": "mean spectrum of the class",
    "class_explanation": "mean explanation of the class",
}


def apply_pipeline(
    pipeline: Any,
    cube: Any,
    *,
    output: str | Sequence[str] = ("label", "proba"),
    target: Any = None,
    explain: Mapping[str, Any] | None = None,
    mask: ArrayLike | None = None,
    saturation: float | None = None,
    wavenumbers: ArrayLike | None = None,
    dim: str | None = None,
    laser_nm: float | None = None,
    dtype: str = "float32",
    chunks: Any = "auto",
    store: str | os.PathLike[str] | None = None,
    progress: bool = True,
) -> Any:
    """Apply a fitted Pipeline to every pixel of a map, block by block.

    dask does the work: in threads of this process, or wherever its scheduler says, such
    as on a cluster to which a `distributed.Client` is connected. Nothing is held in
    memory but the blocks at work.

    Parameters
    ----------
    pipeline : fitted estimator
        A Pipeline, a classifier alone, a search, or a `SpectralNoveltyDetector` or
        `ConformalClassifier` around or at the end of one of these. With transformers
        alone there is "transform".
    cube : DataArray, array, memory map or hyperspy `Signal1D`
        Spectra with any number of pixel dimensions. Of a DataArray of xarray, whose
        wavenumber dimension is found by its name or unit, the data may be lazy; an
        array of numpy or dask has the wavenumbers last. Whatever `to_cube` takes.
    output : str or sequence of str, default=("label", "proba")
        What is made, see Returns: "label", "proba", "decision", "novelty",
        "transform", "explanation", "class_means".
    target : None, "all" or label, default=None
        Class that "explanation" explains: the predicted one, every one, or this.
    explain : dict or None, default=None
        Further arguments of :func:`~sklearn_raman.inspection.explain_pipeline`, such as
        ``{"method": "integrated_gradients"}`` or ``{"mode": "density"}``.
    mask : array-like of bool with the shape of the map, or None, default=None
        Pixels to look at; the others have no results. A DataArray may have its
        dimensions in another order.
    saturation : float or None, default=None
        A pixel with an intensity as high as this, such as the largest that the detector
        can count, gets no result.
    wavenumbers : array-like of shape (n_points,) or None, default=None
        Axis in cm-1, for a cube without one.
    dim : str or None, default=None
        Wavenumber dimension of a DataArray; None finds it.
    laser_nm : float or None, default=None
        Wavelength of the laser, for an axis in nm or eV.
    dtype : {"float32", "float64"}, default="float32"
        Of what is not an integer in the results. Spectra are computed with as they are.
    chunks : "auto", int, or dict of str to int, default="auto"
        Pixels in a block along each dimension. "auto" leaves the blocks of a lazy cube
        as they are and cuts others into blocks of some thousand spectra.
    store : str, path or None, default=None
        A zarr store to write the results to, block by block, as they are made. A call
        that was interrupted goes on where it stopped when it is made again. None
        returns lazy results, which are made when they are asked for.
    progress : bool, default=True
        Show how many blocks are written to `store`.

    Returns
    -------
    xarray.Dataset
        Maps with the pixel dimensions and coordinates of the cube, lazy: not computed
        yet, or in `store`. Coordinates that belong to pixels and axis together, such as
        the noise of each value, are left out. Maps are those of the model as it is now,
        whatever is done with it later; leave the cube as it is until they are computed.

        label : int16
            Position of the class in the coordinate `class`; -1 where there is none.
        proba, decision : (..., class)
            What `predict_proba` and `decision_function` return.
        novelty : (...)
            Share of spectra of the known classes that are less strange; for a wrapper
            that looks for unknown spectra.
        transform : (..., wavenumber)
            The spectrum as the classifier is given it.
        explanation : (..., wavenumber)
            Map of each pixel on the axis of the cube; with target="all" for each class.
        class_count, class_spectrum, class_explanation : (class, ...)
            With "class_means": pixels of each label without missing points, their mean
            spectrum and, if the classifier can explain itself, their mean map, which
            needs no room for a map of each pixel.
        status : uint8
            0: a class was named. Else what was found instead of guessed at: 1, points
            that the Pipeline needs are NaN or infinite; 2, saturated; 3, outside
            `mask`, or not made yet in an unfinished `store`; 4, a wrapper calls the
            spectrum unknown. Scores are NaN for 1 to 3; for 4, `proba` is that of the
            classes if it were one of them.

    Raises
    ------
    ValueError
        If the axis is not that of the Pipeline, or not known where it is needed; if the
        cube has a dimension or coordinate with the name of a result; if `store` holds
        something else than the beginning of these results.
    TypeError
        If this is no cube, or the classifier can't do what `output` asks for.
    NotFittedError
        If the Pipeline is not fitted.
    ImportError
        If xarray, dask or zarr are not installed (extra `maps`).

    Warns
    -----
    UserWarning
        If the wavenumbers of a lazy cube lie in several blocks, which have to be put
        together; if the Pipeline was fitted without the axis that the cube has.

    See Also
    --------
    sample_spectra : Spectra of some pixels, to fit a Pipeline with.

    Notes
    -----
    Results are those of the Pipeline called on all spectra at once: labels are the
    same, and all else within rounding (rtol 1e-5), whatever the blocks, threads,
    processes or cluster.

    The axis of the cube goes with each block, so that a Pipeline that begins with a
    `WavenumberResampler` takes any that covers its target, and others raise if it is
    not the one of fit.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_raman.datasets import make_raman_spectra
    >>> from sklearn_raman.discriminant_analysis import PLSLDA
    >>> from sklearn_raman.mapping import apply_pipeline
    >>> from sklearn_raman.preprocessing import SNV
    >>> X, y = make_raman_spectra(60, as_frame=True, random_state=0)
    >>> model = make_pipeline(SNV(), PLSLDA(n_components=5)).fit(X, y)
    >>> cube = X.to_numpy().reshape(6, 10, -1)
    >>> maps = apply_pipeline(model, cube, wavenumbers=X.columns.astype(float))
    >>> dict(maps.sizes), bool((maps.label.values == y.to_numpy().reshape(6, 10)).all())
    ({'y': 6, 'x': 10, 'class': 2}, True)
    """
    import_optional("dask.array", "maps")
    output = _check_output(output)
    if dtype not in ("float32", "float64"):
        raise ValueError(f'dtype must be "float32" or "float64", got {dtype!r}.')
    check_saturation(saturation)
    if not {"explanation", "class_means"} & set(output):
        for name, value in (("target", target), ("explain", explain)):
            if value is not None:
                raise ValueError(
                    f"{name}={value!r} is for explanations, and output={output!r} asks "
                    f'for none: add "explanation", or leave {name} out.'
                )
    check_is_fitted(pipeline)
    found = read_cube(cube, wavenumbers, dim, laser_nm)
    pipeline = wrapper_outside(pipeline)
    classes = classes_of(pipeline)
    if classes is None and {"label", "class_means"} & set(output):
        raise TypeError(
            "Labels are what a classifier gives, and this is none: "
            f"{type(pipeline).__name__} has no classes_. Without a classifier there is "
            "output='transform'."
        )
    task = Task(
        output=output,
        n_points=found.array.sizes[found.dim],
        labels=_labels_for(pipeline, found.axis),
        target=target,
        dtype=dtype,
        saturation=saturation,
        explain=_how_to_explain(pipeline, explain, output),
        prints=store is not None,
    )
    shapes, transformed_axis = look_ahead(pipeline, task, found.axis)
    task.shapes.update(shapes)
    spectra = _in_blocks(found, chunks, even=store is not None)
    allowed = None if mask is None else _in_same_blocks(mask, found, spectra)
    if store is None:  # blocks are computed later, when it may be fitted anew
        pipeline = copy.deepcopy(pipeline)
    results = _results(pipeline, spectra, allowed, task)
    maps = _as_dataset(results, found, task, classes, transformed_axis)
    if store is None:
        return maps
    job = {
        "output": list(output),
        "target": repr(target),
        "explain": repr(task.explain),
        "saturation": saturation,
        "dtype": dtype,
        "blocks": [list(map(int, sizes)) for sizes in spectra.chunks[:-1]],
    }
    prints = _over_blocks(print_block, spectra, allowed, dtype=np.uint64)
    return write_blocks(store, maps, results, prints, task, job, progress=progress)


def _check_output(output):
    is_one = isinstance(output, str) or not isinstance(output, Iterable)
    names = (output,) if is_one else tuple(output)
    unknown = [name for name in names if name not in OUTPUTS]
    if unknown or not names:
        raise ValueError(f"output must be one or more of {OUTPUTS}, got {output!r}.")
    return tuple(dict.fromkeys(names))


def _how_to_explain(pipeline, explain, output):
    """Return the arguments of `explain_pipeline`, None if no map is needed."""
    explain = dict(explain or {})
    if "space" in explain or "return_info" in explain:
        raise ValueError(
            "Maps of a cube lie on its axis: leave space and return_info out of "
            f"explain={explain!r}."
        )
    last = flat_steps(without_wrapper(pipeline))[-1][1]
    wanted = "explanation" in output
    if wanted or ("class_means" in output and hasattr(last, "explain_")):
        return explain
    return None


def _labels_for(pipeline, axis):
    """Return the column labels under which a model is given spectra, or None.

    A model that was fitted on arrays, and knows no axis, gets arrays: steps of
    scikit-learn would wonder about the labels.
    """
    steps = [step for _, step in flat_steps(without_wrapper(pipeline))]
    names = getattr(steps[0], "feature_names_in_", None)
    try:
        seen = None if names is None else np.asarray(names, dtype=np.float64)
    except ValueError:
        seen = None
    on_axis = seen
    if seen is None and getattr(steps[0], "wavenumbers", None) is None:
        on_axis = getattr(steps[0], "wavenumbers_in_", None)  # labels were numbers
    if axis is None and on_axis is not None:
        raise ValueError(
            f"The cube has no axis, and the Pipeline was fitted on "
            f"{describe_axis(on_axis)}: pass wavenumbers=, the axis of the cube."
        )
    if axis is None:
        return None
    if seen is not None and len(seen) == len(axis):
        if first_difference(axis, seen) is None:
            return tuple(names)
    learned = ("feature_names_in_", "wavenumbers_in_", "wavenumbers_out_")
    knows_axis = any(
        getattr(step, name, None) is not None for step in steps for name in learned
    )
    if knows_axis:
        return tuple(format_wavenumbers(axis))
    warnings.warn(
        f"The cube has the axis {describe_axis(axis)}, and the Pipeline was fitted on "
        "arrays without one: that both are the same can't be checked. Fit it on a data "
        "frame with the wavenumbers as column labels.",
        UserWarning,
        stacklevel=levels_to_user(),
    )
    return None


# Blocks ------------------------------------------------------------------------------


def _in_blocks(cube, chunks, *, even):
    """Return the spectra as a dask array, wavenumbers last and in one block.

    Parameters
    ----------
    cube : Cube
    chunks : as in `apply_pipeline`
    even : bool
        Whether all blocks but the last must have the same size.
    """
    array = cube.array.transpose(*cube.pixel_dims, cube.dim)
    array = array.drop_vars(array.coords)  # not all that these hold can be cut
    sizes = _block_sizes(cube, array, chunks)
    if array.chunks is None:
        if sizes is None:
            blocks = default_block(array.shape)
            sizes = dict(zip(cube.pixel_dims, blocks, strict=True))
        # The token spares a look at all values.
        return array.chunk({**sizes, cube.dim: -1}, token=uuid.uuid4().hex).data
    if len(array.chunks[-1]) > 1:
        warnings.warn(
            f"The wavenumbers of the cube ({cube.dim!r}) lie in "
            f"{len(array.chunks[-1])} blocks and are put together, which may need much "
            f"memory: cube.chunk({{{cube.dim!r}: -1}}) once, and keep the result.",
            UserWarning,
            stacklevel=levels_to_user(),
        )
        if sizes is None:
            sizes = dict.fromkeys(cube.pixel_dims, "auto")
        array = array.chunk({**sizes, cube.dim: -1})
    elif sizes is not None:
        array = array.chunk(sizes)
    if even:
        uneven = {
            dim: max(lengths)
            for dim, lengths in zip(cube.pixel_dims, array.chunks, strict=False)
            if len(set(lengths[:-1])) > 1 or lengths[-1] > lengths[0]
        }
        array = array.chunk(uneven) if uneven else array
    return array.data


def _block_sizes(cube, array, chunks):
    """Return the sizes of blocks by pixel dimension, None if they are not given."""
    if isinstance(chunks, str) and chunks == "auto":
        return None
    if isinstance(chunks, Mapping):
        strange = sorted(set(chunks) - set(cube.pixel_dims))
        if strange:
            raise ValueError(
                f"chunks={chunks!r} names {strange}; the dimensions of the pixels are "
                f"{cube.pixel_dims}."
            )
        bad = {d: n for d, n in chunks.items() if not (_is_count(n) or n == -1)}
        if bad:
            raise ValueError(
                f"chunks has {bad}; expected numbers of pixels of 1 or more, or -1 for "
                "all of a dimension."
            )
        return {dim: chunks.get(dim, array.sizes[dim]) for dim in cube.pixel_dims}
    if isinstance(chunks, bool) or not isinstance(chunks, (int, np.integer)):
        raise ValueError(
            'chunks must be "auto", a number of pixels or a dictionary of these by '
            f"dimension, got {chunks!r}."
        )
    if chunks < 1:
        raise ValueError(f"chunks={chunks!r} must be 1 or more.")
    return dict.fromkeys(cube.pixel_dims, int(chunks))


def _is_count(value):
    is_whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return is_whole and value > 0


def pixel_map(values, cube, *, name):
    """Return one value for each pixel as a DataArray with the dims of the pixels.

    Parameters
    ----------
    values : array-like or DataArray
    cube : Cube
    name : str
        What error messages call them.
    """
    xarray = import_optional("xarray", "maps")
    if np.ma.is_masked(values):
        raise ValueError(f"Some values of {name} are masked: fill them in first.")
    dims = cube.pixel_dims
    shape = tuple(cube.array.sizes[dim] for dim in dims)
    if isinstance(values, xarray.DataArray):
        if set(values.dims) != set(dims):
            raise ValueError(
                f"{name} has the dimensions {values.dims}, the pixels have {dims}."
            )
        values = values.transpose(*dims)
    else:
        values = np.asarray(values)
    if values.shape != shape:
        raise ValueError(f"{name} has the shape {values.shape}, the map has {shape}.")
    if not hasattr(values, "dims"):
        return xarray.DataArray(values, dims=dims)
    for dim in dims:
        if dim in values.coords and dim in cube.array.coords:
            refuse_other_places(name, dim, values.coords[dim], cube.array.coords[dim])
    return values


def refuse_other_places(name, dim, found, expected, to="cube"):
    """Raise if the pixels of two maps lie elsewhere, or in another order."""
    found, expected = np.asarray(found), np.asarray(expected)
    if found.dtype.kind in "iuf" and expected.dtype.kind in "iuf":
        found, expected = found.astype(float), expected.astype(float)
        known = expected[np.isfinite(expected)]
        close = 1e-6 * np.ptp(known) if known.size else 0.0
        differ = ~np.isclose(found, expected, rtol=0, atol=close, equal_nan=True)
    else:
        differ = found != expected
    if np.any(differ):
        where = int(np.argmax(differ))
        raise ValueError(
            f"{name} and the {to} disagree in {dim!r}: at position {where} {name} has "
            f"{found[where]} and the {to} {expected[where]}. Bring it to the pixels of "
            f"the {to}, {name}.reindex_like(...), or drop its coordinates."
        )


def check_saturation(saturation):
    """Raise if an intensity from which on spectra are saturated is no number."""
    if saturation is not None and not _NUMBER.is_satisfied_by(saturation):
        raise ValueError(f"saturation must be a number, got {saturation!r}.")


def pixel_mask(mask, cube):
    """Return a mask as `pixel_map` returns it, or say that it is none."""
    mask = pixel_map(mask, cube, name="mask")
    if mask.dtype != bool:
        raise ValueError(
            f"mask must be True where a pixel counts and False elsewhere, got "
            f"{mask.dtype}: compare it with something, such as mask > 0."
        )
    return mask


def _in_same_blocks(mask, cube, spectra):
    mask = pixel_mask(mask, cube)
    blocks = dict(zip(cube.pixel_dims, spectra.chunks, strict=False))
    return mask.chunk(blocks).data[..., None]


def _results(model, spectra, allowed, task):
    """Return an array of dask with a dictionary in the place of each block."""
    dask = import_optional("dask", "maps")
    token = uuid.uuid4().hex  # spares a look at all weights
    # A task of its own, so that blocks do not each carry the model.
    parcel = dask.delayed(Parcel(model), name=f"model-{token}", traverse=False)
    settings = {"parcel": parcel, "task": task, "token": f"pixels-{token}"}
    return _over_blocks(apply_block, spectra, allowed, dtype=object, **settings)


def _over_blocks(function, spectra, allowed, *, dtype, **settings):
    """Return an array of dask with what a function makes of each block."""
    chunked = import_optional("dask.array", "maps")
    n_dims = spectra.ndim - 1
    return chunked.map_blocks(
        function,
        spectra,
        *([] if allowed is None else [allowed]),
        drop_axis=[n_dims],
        dtype=dtype,
        meta=np.empty((0,) * n_dims, dtype=dtype),
        **settings,
    )


def _pick(found, name):
    return found[name]


def _pick_sum(found, name, n_dims):
    return found[name][(None,) * n_dims]


# The results -------------------------------------------------------------------------


def _as_dataset(results, cube, task, classes, transformed_axis):
    """Return the results as a lazy Dataset with the coordinates of the cube."""
    xarray = import_optional("xarray", "maps")
    pixels, n_dims = cube.pixel_dims, results.ndim
    dims = {
        name: _dims_of(name, shape, cube, task, transformed_axis)
        for name, shape in task.shapes.items()
    }
    _refuse_clashes(dims, cube, task)
    variables = {}
    for name, shape in task.shapes.items():
        attributes = {"long_name": _LONG_NAMES[name]}
        if name in MEANS:
            continue
        data = results.map_blocks(
            _pick,
            name,
            dtype=task.dtype_of(name),
            new_axis=[n_dims + k for k in range(len(shape))] or None,
            chunks=(*results.chunks, *((size,) for size in shape)),
            meta=np.empty((0,) * (n_dims + len(shape)), task.dtype_of(name)),
        )
        if name == "label":
            attributes["unknown"] = NOBODY
        if name == "status":
            attributes["flag_values"] = list(range(NAMED, len(STATUS)))
            attributes["flag_meanings"] = " ".join(s.replace(" ", "_") for s in STATUS)
        variables[name] = (*pixels, *dims[name]), data, attributes
    if "class_means" in task.output:
        sums = {}
        for name in MEANS:
            if name in task.shapes:
                sums[name] = _summed(results, name, task.shapes[name])
        for name, data in means_of(sums).items():
            data = data.astype(int if name == "class_count" else task.dtype)
            variables[name] = dims[name], data, {"long_name": _LONG_NAMES[name]}
    used = {d for data in variables.values() for d in data[0]}
    coords = {
        name: coordinate
        for name, coordinate in cube.array.coords.items()
        if cube.dim not in coordinate.dims
        or (coordinate.dims == (cube.dim,) and cube.dim in used)
    }
    if _other_axis(cube) in used and transformed_axis is not None:
        name = _other_axis(cube)
        coords[name] = name, transformed_axis, {"units": "cm-1"}
    if "class" in used or "label" in variables:
        coords["class"] = "class", _names_of(classes)
    return xarray.Dataset(variables, coords=coords)


def _summed(results, name, shape):
    n_dims = results.ndim
    parts = results.map_blocks(
        _pick_sum,
        name,
        n_dims,
        dtype=float,
        new_axis=[n_dims + k for k in range(len(shape))],
        chunks=(
            *((1,) * n for n in results.numblocks),
            *((size,) for size in shape),
        ),
        meta=np.empty((0,) * (n_dims + len(shape))),
    )
    return parts.sum(axis=tuple(range(n_dims)))


def _other_axis(cube):
    return f"{cube.dim}_transformed"


def _dims_of(name, shape, cube, task, transformed_axis):
    """Name the dimensions that a result has beside those of the pixels."""
    if name == "transform":
        same = shape == (task.n_points,)
        if same and transformed_axis is not None and cube.axis is not None:
            same = first_difference(transformed_axis, cube.axis) is None
        return (cube.dim if same else _other_axis(cube),)
    if name in ("class_spectrum", "class_explanation"):
        return "class", cube.dim
    if name == "explanation":
        return ("class", cube.dim)[-len(shape) :]
    return ("class",) * len(shape)


def _refuse_clashes(dims, cube, task):
    """Raise if a result has the name of something that the cube has."""
    new = {*dims, *(d for names in dims.values() for d in names)} - {cube.dim}
    if "label" in dims:
        new.add("class")
    if task.prints:  # in a store
        new.add(BLOCKS)
    taken = new & {*cube.array.dims, *cube.array.coords}
    if taken:
        name = sorted(map(str, taken))[0]
        raise ValueError(
            f"The cube has a dimension or coordinate {name!r}, which is the name of a "
            f"result: rename it, cube.rename({{{name!r}: '{name}_of_cube'}}), or drop "
            "it."
        )


def _names_of(classes):
    """Return labels as a coordinate that can be written: numbers or text."""
    classes = np.asarray(classes)
    return classes if classes.dtype.kind in "iufb" else classes.astype(str)
