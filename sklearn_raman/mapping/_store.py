"""Results on disk: written block by block, and gone on with after an interruption."""

import hashlib
import os
import shutil
import sys
import uuid
from itertools import chain

import numpy as np

from sklearn_raman._utils._optional import import_optional
from sklearn_raman._utils._progress import progress_bar
from sklearn_raman.mapping._blocks import (
    LEFT_OUT,
    MEANS,
    NOBODY,
    PRINT,
    means_of,
    print_of,
)

# A group beside the results: which blocks are done, and their sums for class means.
BLOCKS = "blocks"
_WRITTEN = "written"  # print of the results of a block
_CALL = "call"  # number of the last call that began to write
_RTOL = 1e-5
_MOST_CHECKED = 10  # blocks that are made again before a store is gone on with
# Of zarr: every reader knows it, and text and consolidated metadata are part of it.
_FORMAT = 2


def write_blocks(store, maps, results, prints, task, job, *, progress):
    """Write results to a zarr store, block by block; skip what is there already.

    Parameters
    ----------
    store : str or path
    maps : Dataset
        The lazy results: names, coordinates and attributes are taken from here.
    results : dask array
        With a dictionary of arrays in the place of each block.
    prints : dask array
        With the print of each block, by which a changed cube is seen.
    task : Task
    job : dict
        What the results are, as JSON has it.
    progress : bool

    Returns
    -------
    Dataset
        The results in the store, lazy.
    """
    xarray = import_optional("xarray", "maps")
    if not isinstance(store, str | os.PathLike):
        raise TypeError(f"store must be the path of a folder, got {store!r}.")
    store = os.fspath(store)
    if not store:
        raise ValueError('store is empty (""): give the path of a folder.')
    if "://" in store or "::" in store:
        raise ValueError(
            f"store must be the path of a folder, not a URL, got {store!r}."
        )
    # Workers may stand in other folders.
    store = os.path.realpath(os.path.expanduser(store))
    zarr = import_optional("zarr", "maps")
    job = {**job, "shapes": {name: list(task.shapes[name]) for name in task.shapes}}
    if "label" in maps:
        job["classes"] = maps["class"].values.tolist()
    job["coordinates"] = _print_of_coordinates(maps)
    blocks = _find_blocks(zarr, store)
    if blocks is None:
        # Under another name first: what is cut off half made stands in nobody's way.
        part = f"{store}.{uuid.uuid4().hex[:8]}"
        try:
            _lay_out(zarr, part, maps, results, task, job)
            _move(part, store)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        blocks = zarr.open_group(store, mode="r+")[BLOCKS]
    _check_job(store, blocks.attrs["job"], job)
    done = blocks["done"][:].astype(bool).reshape(results.numblocks)
    there = np.argwhere(done)
    _check_prints(store, blocks[PRINT][:].reshape(done.shape), prints, there)
    _check_results(zarr, store, blocks, results, task.names, there)
    for place in _telling(zarr, store, results, task.names, there):
        _check_one(zarr, store, results, task, place)
    number = uuid.uuid4().int >> 64
    blocks.require_array(_CALL, shape=(1,), chunks=(1,), dtype="uint64")[:] = number
    expected = blocks[_WRITTEN][:]
    written = results.map_blocks(
        write_block,
        store=store,
        call=number,
        names=task.names,
        grid=results.numblocks,
        sizes=tuple(lengths[0] for lengths in results.chunks),
        dtype=np.uint64,
        chunks=tuple((1,) * n for n in results.numblocks),
        meta=np.empty((0,) * results.ndim, dtype=np.uint64),
    ).to_delayed()
    left = [written[tuple(place)] for place in np.argwhere(~done)]
    expected[~done.ravel()] = np.ravel(_compute(left, done.size, progress))
    if blocks[_CALL][0] != number or (blocks[_WRITTEN][:] != expected).any():
        raise _say_another(store)
    if "class_means" in task.output:
        _write_means(store, blocks, maps)
    zarr.consolidate_metadata(store)
    return xarray.open_zarr(store)


def write_block(found, *, store, call, names, grid, sizes, block_id):
    """Write the results of one block, and then that it is done; return their print.

    No other block lies in the same chunks of the store, so that blocks can be written
    at the same time.
    """
    zarr = import_optional("zarr", "maps")
    try:
        root = zarr.open_group(store, mode="r+")
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"store={store!r} is not there, seen from a worker: it has to lie in a "
            "folder that all workers share."
        ) from error
    if root[f"{BLOCKS}/{_CALL}"][0] != call:
        raise _say_another(store)
    where = _place(block_id, sizes)
    for name in names:
        root[name][where] = found[name]
    number = int(np.ravel_multi_index(block_id, grid))
    for name in set(found) - set(names):
        root[f"{BLOCKS}/{name}"][number] = found[name]
    sums = [found[name] for name in MEANS if name in found]
    written = print_of(*(found[n] for n in names), *sums)
    root[f"{BLOCKS}/{_WRITTEN}"][number] = written
    root[f"{BLOCKS}/done"][number] = 1
    return np.full((1,) * len(block_id), written, dtype=np.uint64)


def _say_another(store):
    """Return the error of a call that meets another one."""
    return FileExistsError(
        f"store={store!r} was begun by another call at the same time: one call at a "
        "time can write to a store."
    )


def _place(block_id, sizes):
    return tuple(
        slice(k * size, (k + 1) * size) for k, size in zip(block_id, sizes, strict=True)
    )


def _find_blocks(zarr, store):
    """Return the group that tells of blocks; None if there is no store."""
    try:
        root = zarr.open_group(store, mode="r+")
    except (FileNotFoundError, FileExistsError):
        if not os.path.exists(store):
            return None
        root = () if os.path.isfile(store) or os.listdir(store) else None
    if root is None:
        return None
    is_ours = BLOCKS in root and PRINT in root[BLOCKS]
    if not is_ours or "job" not in root[BLOCKS].attrs:
        raise ValueError(
            f"store={store!r} exists and does not hold results of apply_pipeline that "
            "could be gone on with: give another path, or delete it."
        )
    return root[BLOCKS]


def _lay_out(zarr, store, maps, results, task, job):
    """Make a store for the results, with everything in it but their values."""
    chunked = import_optional("dask.array", "maps")
    whole = [name for name in MEANS if name in maps]
    # Zeros that are never made stand for the values, whose graph may be large.
    empty = {
        name: one.copy(data=chunked.zeros(one.shape, dtype=one.dtype, chunks=one.shape))
        for name, one in maps.drop_vars(whole).data_vars.items()
    }
    frame = maps.drop_vars(whole).assign(empty)
    frame = frame.assign_coords(
        {k: _writable(v) for k, v in frame.coords.items()}
    ).drop_encoding()
    chunks = {
        name: {
            "chunks": tuple(
                lengths[0] for lengths in chain(results.chunks, zip(task.shapes[name]))
            )
        }
        for name in task.names
    }
    settings = {"encoding": chunks, "compute": False, "consolidated": False}
    frame.to_zarr(store, mode="w-", zarr_format=_FORMAT, **settings)
    root = zarr.open_group(store, mode="r+")
    for name, nothing in (("label", NOBODY), ("status", LEFT_OUT)):
        if name in task.names:  # until there is a result
            root[name][:] = nothing
    blocks = root.create_group(BLOCKS)
    n_blocks = int(np.prod(results.numblocks))
    for name, dtype in (
        ("done", "uint8"),
        (PRINT, "uint64"),
        (_WRITTEN, "uint64"),
    ):
        blocks.create_array(name, shape=(n_blocks,), chunks=(1,), dtype=dtype)
    for name in whole:
        shape = task.shapes[name]
        blocks.create_array(
            name, shape=(n_blocks, *shape), chunks=(1, *shape), dtype="float64"
        )
    blocks.attrs["job"] = job


def _move(part, store):
    """Give a new store its name, unless another call has begun one of that name."""
    try:
        if os.path.isdir(store):
            os.rmdir(store)  # if it is empty
        os.rename(part, store)
    except OSError as error:
        raise _say_another(store) from error


def _writable(coordinate):
    """Return a coordinate in memory, text as zarr has it."""
    coordinate = coordinate.compute()
    is_plain = isinstance(coordinate.dtype, np.dtype) and coordinate.dtype.kind != "U"
    return coordinate if is_plain else coordinate.astype(object)


def _check_job(store, there, job):
    """Raise if a store holds something else than what is to be written."""
    for name in job:
        if name == "coordinates" and there.get(name) != job[name]:
            raise ValueError(
                f"store={store!r} holds results on another axis, or of other places: "
                "the coordinates of the cube have changed. Give another path, or "
                "delete it."
            )
        if name == "blocks" and there.get(name) != job[name]:
            raise ValueError(
                f"store={store!r} holds results of {_write_blocks(there[name])}, and "
                f"these are of {_write_blocks(job[name])}: pass chunks= as in the "
                "first call, give another path, or delete it."
            )
        if there.get(name) != job[name]:
            raise ValueError(
                f"store={store!r} holds results with {name}={there.get(name)!r}, and "
                f"these have {job[name]!r}: give another path, or delete it."
            )


def _write_blocks(lengths):
    """Write the size of a map and of its blocks, given their lengths by dimension."""
    pixels = " x ".join(str(sum(along)) for along in lengths)
    block = " x ".join(str(along[0]) for along in lengths)
    return f"{pixels} pixels in blocks of {block}"


def _print_of_coordinates(maps):
    """Return a text that changes with the places and the axis of maps."""
    found = hashlib.blake2b(digest_size=8)
    for name in sorted(maps.coords, key=str):
        values = maps.coords[name].values
        found.update(f"{name}{values.dtype}{values.shape}".encode())
        found.update(repr(values.tolist()).encode())
    return found.hexdigest()


def _check_prints(store, written, prints, there):
    """Raise if a block was written of other spectra than it has now."""
    dask = import_optional("dask", "maps")
    parts = prints.to_delayed()
    found = dask.compute(*(parts[tuple(place)] for place in there))
    for place, now in zip(there, found, strict=True):
        if written[tuple(place)] != now.item():
            raise ValueError(
                f"store={store!r} was begun with another cube or another mask: the "
                f"spectra of block {tuple(map(int, place))} have changed since. Give "
                "another path, or delete it."
            )


def _check_results(zarr, store, blocks, results, names, there):
    """Raise if results in the store are not those that were written."""
    root = zarr.open_group(store, mode="r")
    sizes = tuple(lengths[0] for lengths in results.chunks)
    sums = [name for name in MEANS if name in blocks]
    for place in there:
        number = int(np.ravel_multi_index(place, results.numblocks))
        where = _place(place, sizes)
        try:
            found = [root[name][where] for name in names]
            found += [blocks[name][number] for name in sums]
            is_whole = blocks[_WRITTEN][number] == print_of(*found)
        except (RuntimeError, ValueError, KeyError, OSError):  # of zarr and its codecs
            is_whole = False
        if not is_whole:
            raise ValueError(
                f"store={store!r} is damaged: block {tuple(map(int, place))} does not "
                "hold what was written. Give another path, or delete it."
            )


def _telling(zarr, store, results, names, there):
    """Choose blocks by which another Pipeline is seen: both ends, and of each class."""
    if not len(there):
        return ()
    chosen = [there[0], there[-1], there[len(there) // 2]]
    if "label" in names:
        labels = zarr.open_group(store, mode="r")["label"]
        sizes = tuple(lengths[0] for lengths in results.chunks)
        found = set()
        for place in there:
            here = set(np.unique(labels[_place(place, sizes)]).tolist())
            if not here <= found and len(chosen) < _MOST_CHECKED:
                chosen.append(place)
                found |= here
    return np.unique(chosen, axis=0)


def _check_one(zarr, store, results, task, place):
    """Raise if a block that was written is not what would be written now."""
    (found,) = results.blocks[tuple(place)].to_delayed().ravel()
    found = found.compute()
    root = zarr.open_group(store, mode="r")
    where = _place(place, tuple(lengths[0] for lengths in results.chunks))
    for name in task.names:
        there, now = root[name][where], found[name]
        if there.dtype.kind == "f":
            limit = _RTOL * np.nanmax(np.abs(now), initial=0)
            same = np.allclose(there, now, _RTOL, limit, equal_nan=True)
        else:
            same = np.array_equal(there, now)
        if not same:
            raise ValueError(
                f"store={store!r} was begun with another Pipeline: "
                f"{name!r} in block {tuple(map(int, place))} is not the same. Give "
                "another path, or delete it."
            )


def _compute(parts, n_blocks, progress):
    """Return what is left to compute, with a line that shows how far it is."""
    dask = import_optional("dask", "maps")
    callbacks = import_optional("dask.callbacks", "maps")
    n_done, show = n_blocks - len(parts), progress and parts
    bar = progress_bar(n_blocks, show, initial=n_done, unit="block")
    with bar:
        client = _cluster()
        if client is not None:
            from distributed import as_completed

            futures = client.compute(parts)
            try:
                for future in as_completed(futures):
                    future.result()
                    bar.update()
                return client.gather(futures)
            finally:  # after Ctrl-C others would go on to write
                client.cancel(futures)

        def count(key, *_):
            bar.update(key in keys)

        keys = {part.key for part in parts}
        with callbacks.Callback(posttask=count):
            return dask.compute(*parts)


def _cluster():
    """Return the client to whose cluster dask sends what it computes, or None."""
    if "distributed" not in sys.modules:
        return None
    from distributed import default_client

    try:
        return default_client()
    except ValueError:
        return None


def _write_means(store, blocks, maps):
    names = [name for name in MEANS if name in maps]
    means = means_of({name: blocks[name][:].sum(axis=0) for name in names})
    there = {
        name: (maps[name].dims, means[name].astype(maps[name].dtype), maps[name].attrs)
        for name in names
    }
    empty = maps[names].drop_vars(list(maps[names].coords))
    empty.assign(there).to_zarr(store, mode="a", consolidated=False)
