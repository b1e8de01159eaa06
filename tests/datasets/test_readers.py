"""Instruments' own formats: small files made here, read by the packages of `files`."""

import itertools
import re
import struct

import numpy as np
import pytest

from sklearn_raman.datasets import load_spectra, nm_to_wavenumber, read_spectra_table

AXIS = np.array([400.0, 402.0, 404.0, 406.0, 408.0])
Y = np.array([1.0, 5.0, 2.5, -1.0, 3.0])


def needs(module, package):
    return pytest.importorskip(module, reason=f"{package} is not installed")


def write_wdf(path, spectra, axis=AXIS, unit=1, n_planned=None, places=()):
    """Write a Renishaw file: header, data, axis, and places of the spectra."""
    spectra = np.asarray(spectra, dtype="<f4")
    n_planned = n_planned or len(spectra)
    header = struct.pack(
        "<IIQQ16s12xIIIQQIIII24s4HIIQQIf48x32s160s48x32x32x",
        0x31464457,
        1,
        512,
        0,
        b"",
        1,
        0,
        len(axis),
        n_planned,
        len(spectra),
        1,
        1,
        len(axis),
        len(places),
        b"test",
        1,
        0,
        0,
        0,
        1,
        1,
        0,
        0,
        6,
        18797.0,
        b"",
        b"",
    )

    def block(name, content):
        return struct.pack("<4sIQ", name, 0, 16 + len(content)) + content

    planned = np.zeros((n_planned, len(axis)), dtype="<f4")
    planned[: len(spectra)] = spectra
    content = header + block(b"DATA", planned.tobytes())
    values = np.asarray(axis, dtype="<f4").tobytes()
    content += block(b"XLST", struct.pack("<II", 19, unit) + values)
    content += block(b"YLST", struct.pack("<IIf", 0, 0, 0.0))
    if places:
        origins = struct.pack("<I", len(places))
        for kind, positions in places:
            origins += struct.pack("<II16s", kind, 5, b"place")
            origins += np.asarray(positions, dtype="<f8").tobytes()
        content += block(b"ORGN", origins)
    path.write_bytes(content)
    return path


def test_wdf_single(tmp_path):
    needs("wdf", "renishaw-wdf")
    bunch = load_spectra(write_wdf(tmp_path / "a.wdf", [Y]))
    np.testing.assert_array_equal(bunch.wavenumbers, AXIS)
    np.testing.assert_array_equal(bunch.data.to_numpy(), [Y])
    assert list(bunch.names) == ["a.wdf"]
    assert "Renishaw .wdf" in bunch.DESCR


def test_wdf_map(tmp_path):
    """Coordinates are kept; spectra that were planned and not measured are stated."""
    needs("wdf", "renishaw-wdf")
    path = write_wdf(
        tmp_path / "a.wdf",
        [Y, 2 * Y, 3 * Y],
        n_planned=4,
        places=[(3, [0, 1, 0, 1]), (4, [0, 0, 2, 2])],
    )
    bunch = load_spectra(path, group="file")
    np.testing.assert_array_equal(bunch.data.to_numpy(), [Y, 2 * Y, 3 * Y])
    assert bunch.metadata["x"].tolist() == [0, 1, 0]
    assert bunch.metadata["y"].tolist() == [0, 0, 2]
    assert set(bunch.groups) == {"a.wdf"}
    assert "not measured 1 planned" in bunch.DESCR
    with pytest.raises(ValueError, match="load_spectra reads it"):
        read_spectra_table(path)


def test_wdf_in_nanometres(tmp_path):
    needs("wdf", "renishaw-wdf")
    path = write_wdf(tmp_path / "a.wdf", [Y], axis=AXIS + 400, unit=3)
    with pytest.warns(UserWarning, match="it is stated in nm"):
        load_spectra(path)
    bunch = load_spectra(path, laser_nm=785)
    assert bunch.wavenumbers[0] == pytest.approx(1e7 * (1 / 785 - 1 / 800))


def write_spc(path, spectra, x_type=13, axis=None, exponents=(-128, -128), bits=32):
    """Write a GRAMS file of version 0x4B, by default of floating-point numbers.

    `exponents` are those of the file and of each spectrum.
    """
    flags = (4 if len(spectra) > 1 else 0) | (0x80 if axis is not None else 0)
    flags |= 1 if bits == 16 else 0
    exponent = exponents[1 if len(spectra) > 1 else 0]
    header = struct.pack(
        "<BBBbIddIBBBB",
        flags,
        0x4B,
        0,
        exponents[0],
        len(AXIS),
        AXIS[0],
        AXIS[-1],
        len(spectra),
        x_type,
        4,
        0,
        0,
    )
    header = header.ljust(512, b"\0")
    content = header
    if axis is not None:
        content += np.asarray(axis, dtype="<f4").tobytes()
    for number, y in enumerate(spectra):
        place = (number, number, number + 1)
        sub = struct.pack("<BbHfffIIf", 0, exponents[1], *place, 0, 0, 0, 0)
        if -128 not in exponents:
            y = np.round(np.asarray(y) / 2.0 ** (exponent - bits))
        kind = "<f4" if -128 in exponents else f"<i{bits // 8}"
        content += sub.ljust(32, b"\0") + np.asarray(y).astype(kind).tobytes()
    path.write_bytes(content)
    return path


def test_spc(tmp_path):
    needs("spc_io", "spc-io")
    bunch = load_spectra(write_spc(tmp_path / "a.spc", [Y]))
    np.testing.assert_allclose(bunch.wavenumbers, AXIS)
    np.testing.assert_array_equal(bunch.data.to_numpy(), [Y])
    uneven = AXIS + [0, 0.5, 0, 0, 0]
    bunch = load_spectra(write_spc(tmp_path / "b.spc", [Y], axis=uneven))
    np.testing.assert_array_equal(bunch.wavenumbers, uneven)


@pytest.mark.parametrize("bits", [16, 32])
@pytest.mark.parametrize("exponents", [(12, 0), (12, 12), (4, 12), (12, 4)])
def test_spc_with_integers(tmp_path, exponents, bits):
    """The file's exponent scales one spectrum, its own each of several."""
    needs("spc_io", "spc-io")
    one = {"exponents": exponents, "bits": bits}
    y = Y if exponents[0] == 4 else 100 * Y
    read = load_spectra(write_spc(tmp_path / "a.spc", [y], **one)).data.to_numpy()
    np.testing.assert_allclose(read, [y], atol=2.0 ** (exponents[0] - bits))
    many = {"exponents": exponents[::-1], "bits": bits}
    read = load_spectra(write_spc(tmp_path / "b.spc", [y, y], **many)).data.to_numpy()
    np.testing.assert_allclose(read, [y, y], atol=2.0 ** (exponents[0] - bits))


def test_spc_with_exponents_that_disagree(tmp_path):
    needs("spc_io", "spc-io")
    path = write_spc(tmp_path / "a.spc", [Y], exponents=(12, -128))
    with pytest.raises(ValueError, match="states integers"):
        load_spectra(path)


@pytest.mark.parametrize("x_type", [0, 3, 13])
def test_spc_with_label(tmp_path, x_type):
    """A flag says that labels count, not the type of the axis."""
    needs("spc_io", "spc-io")
    path = write_spc(tmp_path / "a.spc", [Y], x_type=x_type)
    raw = bytearray(path.read_bytes())
    raw[0] |= 32
    raw[218:248] = b"Wavelength (nm)\0Counts\0\0".ljust(30, b"\0")
    path.write_bytes(raw)
    with pytest.warns(UserWarning, match="it is stated in nm"):
        assert "x label Wavelength (nm)" in load_spectra(path).DESCR
    raw[218:248] = b"Raman Shift (cm-1)\0Counts\0".ljust(30, b"\0")
    path.write_bytes(raw)
    np.testing.assert_allclose(load_spectra(path).wavenumbers, AXIS)
    raw[0] &= ~32  # labels are there, and do not count
    raw[28] = 3
    path.write_bytes(raw)
    with pytest.warns(UserWarning, match="it is stated in nm"):
        load_spectra(path)


def test_spc_with_log(tmp_path):
    """What a log says is no matter, "=" in its entries neither."""
    needs("spc_io", "spc-io")
    path = write_spc(tmp_path / "a.spc", [Y])
    raw = bytearray(path.read_bytes())
    log = b"COMMENT=a=b\r\nURL=http://a?b=c\r\n\0"
    struct.pack_into("<I", raw, 248, len(raw))
    raw += struct.pack("<IIIII44s", 64 + len(log), 4096, 64, 0, 0, b"") + log
    path.write_bytes(raw)
    np.testing.assert_array_equal(load_spectra(path).data.to_numpy(), [Y])


def test_spc_keeps_the_order_of_the_file(tmp_path):
    needs("spc_io", "spc-io")
    path = write_spc(tmp_path / "a.spc", [Y, 2 * Y, 3 * Y])
    raw = bytearray(path.read_bytes())
    struct.pack_into("<f", raw, 312, -2.0)  # the step of z
    path.write_bytes(raw)
    bunch = load_spectra(path)
    np.testing.assert_array_equal(bunch.data.to_numpy(), [Y, 2 * Y, 3 * Y])
    assert bunch.metadata["z"].tolist() == [0, -2, -4]


def test_infinite_intensities(tmp_path):
    y = np.where(Y > 2, np.inf, Y)
    needs("wdf", "renishaw-wdf")
    with pytest.raises(ValueError, match=r"a\.wdf: intensities hold NaN or infinity"):
        load_spectra(write_wdf(tmp_path / "a.wdf", [Y, y]))
    needs("spc_io", "spc-io")
    with pytest.raises(ValueError, match=r"a\.spc: intensities hold NaN or infinity"):
        load_spectra(write_spc(tmp_path / "a.spc", [y]))


@pytest.mark.parametrize(
    "n_points, n_spectra, says",
    [
        (5, 4, "states 4 spectra of 5 points.* 15 intensities follow"),
        (4, 3, "3 spectra of 4 points"),
        (0, 10**12, "spectra of 0 points"),
        (2**31, 3, "spectra of 2147483648 points"),
        (5, 0, "no spectrum was measured"),
    ],
)
def test_wdf_whose_header_counts_wrongly(tmp_path, n_points, n_spectra, says):
    needs("wdf", "renishaw-wdf")
    path = write_wdf(tmp_path / "a.wdf", [Y, 2 * Y, 3 * Y])
    raw = bytearray(path.read_bytes())
    struct.pack_into("<IQQ", raw, 60, n_points, n_spectra, n_spectra)
    struct.pack_into("<I", raw, 88, n_points)
    path.write_bytes(raw)
    with pytest.raises(ValueError, match=says):
        load_spectra(path)


def test_jcamp_with_two_units(tmp_path):
    needs("jcamp", "jcamp")
    other = JCAMP.replace("1/CM", "NANOMETERS")
    path = tmp_path / "a.jdx"
    for blocks in (JCAMP + other, other + JCAMP):
        path.write_text("##TITLE=both\n##DATA TYPE=LINK\n" + blocks + "##END=\n")
        with pytest.raises(ValueError, match="different XUNITS"):
            load_spectra(path)


def test_jcamp_with_more_points_than_it_can_hold(tmp_path):
    needs("jcamp", "jcamp")
    path = tmp_path / "a.jdx"
    path.write_text(JCAMP.replace("NPOINTS=5", "NPOINTS=1000000000000"))
    with pytest.raises(ValueError, match="more than the file can hold"):
        load_spectra(path)


def test_spc_with_several(tmp_path):
    needs("spc_io", "spc-io")
    bunch = load_spectra(write_spc(tmp_path / "a.spc", [Y, 2 * Y]))
    np.testing.assert_array_equal(bunch.data.to_numpy(), [Y, 2 * Y])
    assert list(bunch.names) == ["a.spc: 0", "a.spc: 1"]


JCAMP = (
    "##TITLE=calcite\n##JCAMP-DX=4.24\n##DATA TYPE=RAMAN SPECTRUM\n##XUNITS=1/CM\n"
    "##YUNITS=ARBITRARY UNITS\n##XFACTOR=1\n##YFACTOR=0.5\n##FIRSTX=400\n##LASTX=408\n"
    "##NPOINTS=5\n##XYDATA=(X++(Y..Y))\n400 2 10 5\n406 -2 6\n##END=\n"
)


@pytest.mark.parametrize("suffix", ["jdx", "dx", "JDX", "jcamp"])
def test_jcamp(tmp_path, suffix):
    needs("jcamp", "jcamp")
    path = tmp_path / f"a.{suffix}"
    path.write_text(JCAMP)
    bunch = load_spectra(path)
    np.testing.assert_allclose(bunch.wavenumbers, AXIS)
    np.testing.assert_allclose(bunch.data.to_numpy(), [Y])
    assert "JCAMP-DX" in bunch.DESCR


def test_jcamp_that_lost_points(tmp_path, capsys):
    """The package only prints; here it is an error."""
    needs("jcamp", "jcamp")
    path = tmp_path / "a.jdx"
    path.write_text(JCAMP.replace("406 -2 6", "406 -2"))
    with pytest.raises(
        ValueError, match=r"a\.jdx: the package jcamp reports: Mismatch"
    ):
        load_spectra(path)
    assert capsys.readouterr().out == ""


def write_jcamp(path, axis, y, per_line, first=None, last=None, x_factor=1.0):
    """Write a spectrum whose lines begin with the axis value of their first point."""
    lines = [
        f"{axis[i] / x_factor:.3f} " + " ".join(f"{v:.1f}" for v in y[i : i + per_line])
        for i in range(0, len(axis), per_line)
    ]
    path.write_text(
        "##TITLE=a\n##JCAMP-DX=4.24\n##DATA TYPE=RAMAN SPECTRUM\n##XUNITS=1/CM\n"
        f"##XFACTOR={x_factor}\n##YFACTOR=1\n##FIRSTX={first or axis[0]:.3f}\n"
        f"##LASTX={last or axis[-1]:.3f}\n##NPOINTS={len(axis)}\n"
        "##XYDATA=(X++(Y..Y))\n" + "\n".join(lines) + "\n##END=\n"
    )
    return path


@pytest.mark.parametrize("x_factor", [1.0, 10.0])
@pytest.mark.parametrize("per_line", [1, 2, 7])
def test_jcamp_that_states_two_axes(tmp_path, per_line, x_factor):
    """The numbers at the beginning of the lines are an axis, too."""
    needs("jcamp", "jcamp")
    path = tmp_path / "a.jdx"
    even = np.linspace(239, 1628, 500)
    y = np.arange(500.0) + 1
    for axis in (even, even[::-1]):
        write_jcamp(path, axis, y, per_line, x_factor=x_factor)
        bunch = load_spectra(path)
        np.testing.assert_allclose(bunch.wavenumbers, axis, atol=1e-3)
        np.testing.assert_array_equal(bunch.data.to_numpy(), [y])
    uneven = nm_to_wavenumber(np.linspace(800, 900, 500), 785)
    for axis, ends in (
        (uneven, {}),
        (even, {"first": 339, "last": 1728}),
        (even, {"last": 1640}),
    ):
        write_jcamp(path, axis, y, per_line, x_factor=x_factor, **ends)
        with pytest.raises(ValueError, match="axis is uneven|X-Check failed"):
            load_spectra(path)


def test_jcamp_with_rounded_abscissas(tmp_path):
    """Whole numbers may lie more than half a step off."""
    needs("jcamp", "jcamp")
    axis = np.linspace(400, 500, 501)
    path = write_jcamp(tmp_path / "a.jdx", axis, np.arange(501.0), 4)
    text = re.sub(r"^(\d+)\.\d+", r"\1", path.read_text(), flags=re.M)
    path.write_text(text)
    np.testing.assert_allclose(load_spectra(path).wavenumbers, axis)


def test_jcamp_in_difference_form(tmp_path):
    """Each line repeats the last point of the line above, with its abscissa."""
    needs("jcamp", "jcamp")
    path = tmp_path / "a.jdx"
    table = "400 2 10 5\n406 -2 6\n"
    path.write_text(JCAMP.replace(table, "400 10JK\n404 13LM\n"))
    np.testing.assert_allclose(
        load_spectra(path).data.to_numpy(), [[5, 5.5, 6.5, 8, 10]]
    )
    path.write_text(JCAMP.replace(table, "400 10JK\n401.5 13LM\n"))
    with pytest.raises(ValueError, match="X-Check failed|axis is uneven"):
        load_spectra(path)


def encode_jcamp(axis, y, form, per_line=8):
    """Write whole numbers in the compressed forms of JCAMP-DX 4.24, section 5.8."""

    def digit(value, positive, negative):
        first, *rest = str(abs(value))
        return (negative if value < 0 else positive)[int(first)] + "".join(rest)

    def squeezed(value):
        return digit(value, "@ABCDEFGHI", "@abcdefghi")

    plain = {"AFFN": " {}", "AFFNDUP": " {}", "PAC": "{:+}", "PACDUP": "{:+}"}
    one = plain[form].format if form in plain else squeezed
    lines = []
    for start in range(0, len(y), per_line):
        if "DIF" in form:
            begin = max(start - 1, 0)  # repeats the last point of the line above
            coded = [
                digit(v, "%JKLMNOPQR", "%jklmnopqr")
                for v in np.diff(y[begin : start + per_line]).tolist()
            ]
            head = squeezed(y[begin])
        else:
            begin, head = start, ""
            coded = [one(v) for v in y[start : start + per_line]]
        if "DUP" in form:
            runs = [(code, len(list(run))) for code, run in itertools.groupby(coded)]
            coded = [
                code + (" STUVWXYZs"[int(str(n)[0])] + str(n)[1:] if n > 1 else "")
                for code, n in runs
            ]
        lines.append(f"{axis[begin]}{head}{''.join(coded)}")
    if "DIF" in form:
        lines.append(f"{axis[-1]}{squeezed(y[-1])}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("per_line", [2, 8, 50])
@pytest.mark.parametrize(
    "form", ["AFFN", "AFFNDUP", "PAC", "PACDUP", "SQZ", "SQZDUP", "DIF", "DIFDUP"]
)
def test_jcamp_in_compressed_forms(tmp_path, form, per_line, rng):
    """A last ordinate that begins with 5 ends in no exponent; repeats are many."""
    needs("jcamp", "jcamp")
    axis = np.arange(400, 480, 2)
    path = tmp_path / "a.jdx"
    for last in (54, -5, 44, 501):
        y = [*rng.integers(-99, 100, size=10), *[7] * 25, 9, 9, 9, 11, last]
        text = JCAMP.replace("##NPOINTS=5", "##NPOINTS=40").replace("=408", "=478")
        table = encode_jcamp(axis, [int(v) for v in y], form, per_line)
        path.write_text(text.replace("400 2 10 5\n406 -2 6\n", table))
        bunch = load_spectra(path)
        np.testing.assert_allclose(bunch.data.to_numpy(), [0.5 * np.array(y)])
        np.testing.assert_allclose(bunch.wavenumbers, axis)
    path.write_text(text.replace("400 2 10 5\n406 -2 6\n", "400A0%S99999\n"))
    with pytest.raises(ValueError, match=r"'400A0%S99999' repeats more points"):
        load_spectra(path)


def test_jcamp_cut_anywhere(tmp_path):
    """Neither a spectrum, nor a number, nor a digit is lost in silence."""
    needs("jcamp", "jcamp")
    other = JCAMP.replace("calcite", "quartz").replace("400 2 10", "400 4 10")
    linked = "##TITLE=both\n##DATA TYPE=LINK\n##BLOCKS=2\n" + JCAMP + other + "##END=\n"
    path = tmp_path / "a.jdx"
    path.write_text(linked)
    assert load_spectra(path).data.shape == (2, 5)
    for whole in (JCAMP, linked):
        for length in range(0, len(whole) - len("##END=\n"), 5):
            path.write_text(whole[:length])
            with pytest.raises(ValueError, match=r"a\.jdx: .*(copied|empty)"):
                load_spectra(path)


def test_jcamp_that_the_package_reads_in_part(tmp_path):
    needs("jcamp", "jcamp")
    path = tmp_path / "a.jdx"
    table = "##XYDATA=(X++(Y..Y))\n400 2 10 5\n406 -2 6\n"
    pairs = "##XYPOINTS=(XY..XY)\n400,2\n402,10\n404,-\n406,-2\n408,6\n"
    further = JCAMP.replace("=40", "=41").replace("400 2", "410 2")
    further = further.replace("406 -2", "416 -2")
    for text, says in {
        JCAMP + further: "2 tables of points in 1 block",
        JCAMP.replace(table, pairs.replace("XYPOINTS", "PEAK TABLE")): "list of peaks",
        JCAMP.replace(table, pairs).replace("##NPOINTS=5\n", ""): "without NPOINTS",
        JCAMP.replace("NPOINTS=5", "NPOINTS=1"): "complete .jdx file.*ZeroDivision",
    }.items():
        path.write_text(text)
        with pytest.raises(ValueError, match=says):
            load_spectra(path)


@pytest.mark.parametrize("end", ["\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_jcamp_written_otherwise(tmp_path, end, encoding):
    needs("jcamp", "jcamp")
    path = tmp_path / "a.jdx"
    text = JCAMP.replace("10 5\n", "10 5 $$ 17 more\n").replace("\n", end)
    path.write_bytes(text.encode(encoding))
    np.testing.assert_allclose(load_spectra(path).data.to_numpy(), [Y])


def test_headers_that_lie(tmp_path):
    """Points that are not there, points that are not counted, axes of another kind."""
    needs("spc_io", "spc-io")
    path = write_spc(tmp_path / "a.spc", [Y])
    raw = bytearray(path.read_bytes())
    raw[4] -= 1
    path.write_bytes(raw)
    with pytest.raises(ValueError, match="bytes are left behind the spectra, as if"):
        load_spectra(path)
    with pytest.warns(UserWarning, match="stated in XUMETR, not as Raman shift"):
        load_spectra(write_spc(path, [Y], x_type=2))
    needs("jcamp", "jcamp")
    path = tmp_path / "a.jdx"
    path.write_text(JCAMP.replace("1/CM", "MICROMETERS"))
    with pytest.warns(UserWarning, match="stated in micrometers, not as Raman shift"):
        assert "data type raman spectrum" in load_spectra(path).DESCR
    text = JCAMP.replace("(X++(Y..Y))\n400 2 10 5\n406 -2 6", "(XY..XY)\n400,1 402,5")
    path.write_text(text.replace("XYDATA", "XYPOINTS"))
    with pytest.raises(ValueError, match="header states 5 points and 2 follow"):
        load_spectra(path)


def write_opus(path, blocks, dpf=1):
    """Write a Bruker file: a directory, spectra and what says where they lie."""

    def kind(*parts):
        return sum(
            p << shift for p, shift in zip(parts, (0, 2, 4, 10, 17, 19), strict=True)
        )

    def parameter(name, value):
        if isinstance(value, str):
            text = value.encode().ljust(8, b"\0")
            return struct.pack("<4shh", name, 2, len(text) // 2) + text
        code, form = (1, "<d") if isinstance(value, float) else (0, "<i")
        number = struct.pack(form, value)
        return struct.pack("<4shh", name, code, len(number) // 2) + number

    contents = []
    for data_type, y in blocks:
        status = b"".join(
            parameter(name, value)
            for name, value in (
                (b"DPF", dpf),
                (b"NPT", len(y)),
                (b"FXV", 400.0),
                (b"LXV", 408.0),
                (b"CSF", 1.0),
                (b"MXY", float(max(y))),
                (b"MNY", float(min(y))),
                (b"DXU", "WN"),
            )
        )
        status += struct.pack("<4shh", b"END", 0, 0)
        contents.append(
            (kind(3, 0, 0, data_type, 0, 0), np.asarray(y, dtype="<f4").tobytes())
        )
        contents.append((kind(3, 0, 1, data_type, 0, 0), status))
    start = 24 + 12 * (len(contents) + 1)
    directory = struct.pack("<3i", kind(0, 0, 0, 13, 0, 0), 3 * (len(contents) + 1), 24)
    for number, content in contents:
        directory += struct.pack("<3i", number, len(content) // 4, start)
        start += len(content)
    header = b"\n\n\xfe\xfe" + struct.pack(
        "<diii", 920622.0, 24, len(contents) + 1, len(contents) + 1
    )
    path.write_bytes(header + directory + b"".join(c for _, c in contents))
    return path


def test_opus(tmp_path):
    """The Raman spectrum, among others."""
    needs("brukeropus", "brukeropus")
    bunch = load_spectra(write_opus(tmp_path / "a.0", [(10, Y), (4, 2 * Y)]))
    np.testing.assert_allclose(bunch.wavenumbers, AXIS)
    np.testing.assert_array_equal(bunch.data.to_numpy(), [Y])
    assert "Raman" in bunch.DESCR
    with pytest.raises(ValueError, match="data blocks .* expected one Raman"):
        load_spectra(write_opus(tmp_path / "b.1", [(4, Y), (5, 2 * Y)]))


def test_opus_that_holds_more(tmp_path):
    """Series, and blocks that can't be read, are not passed over."""
    needs("brukeropus", "brukeropus")
    path = write_opus(tmp_path / "a.0", [(10, Y), (4, 2 * Y)])
    whole = path.read_bytes()
    assert "other blocks a" in load_spectra(path).DESCR
    place = 24 + 12 * 3  # of the second spectrum, in the directory
    for kind in (1 << 17, 2 << 19):  # a derivative, a series
        kind = struct.pack("<i", 3 + (10 << 10) + kind)
        path.write_bytes(whole[:place] + kind + whole[place + 4 :])
        with pytest.raises(ValueError, match=r"blocks \['ra', 'ra'\]; expected one"):
            load_spectra(path)


def test_opus_of_integers(tmp_path):
    needs("brukeropus", "brukeropus")
    with pytest.raises(ValueError, match=r"data format \(DPF\) 2; expected 1"):
        load_spectra(write_opus(tmp_path / "a.0", [(10, Y)], dpf=2))


@pytest.mark.parametrize("n_lost", [1, 4, 100])
def test_opus_that_lost_bytes(tmp_path, n_lost):
    """They would move the spectrum by some points."""
    needs("brukeropus", "brukeropus")
    path = write_opus(tmp_path / "a.0", [(10, Y)])
    raw = path.read_bytes()
    path.write_bytes(raw[:60] + raw[60 + n_lost :])
    with pytest.raises(ValueError, match=r"a\.0: .*copied completely|a\.0: is this"):
        load_spectra(path)


@pytest.mark.parametrize(
    "suffix, module, package",
    [
        ("wdf", "wdf", "renishaw-wdf"),
        ("spc", "spc_io", "spc-io"),
        ("jdx", "jcamp", "jcamp"),
        ("0", "brukeropus", "brukeropus"),
    ],
)
def test_broken_files(tmp_path, suffix, module, package):
    needs(module, package)
    path = tmp_path / f"a.{suffix}"
    for content in (b"", b"\x00" * 700, b"WDF1 and no more", bytes(range(256)) * 8):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=rf"a\.{suffix}: (the|a|is this a) \w+"):
            load_spectra(path)


@pytest.mark.parametrize(
    "suffix, module, package",
    [
        ("wdf", "wdf", "renishaw-wdf"),
        ("spc", "spc_io", "spc-io"),
        ("jdx", "jcamp", "jcamp"),
        ("0", "brukeropus", "brukeropus"),
    ],
)
@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_missing_package(tmp_path, monkeypatch, suffix, module, package, on_error):
    """The error names what to install, and no file is skipped for it."""
    monkeypatch.setitem(__import__("sys").modules, module, None)
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(b"something")
    with pytest.raises(ImportError, match=rf"needs? the package {package}.*\[files\]"):
        load_spectra(path, on_error=on_error)


@pytest.mark.parametrize(
    "suffix, way_out",
    [
        ("wip", "as ASCII"),
        ("l6s", "LabSpec 6"),
        ("pkl", "runs code"),
        ("xlsx", "read_excel"),
        ("npy", "no axis"),
    ],
)
def test_formats_that_are_not_read(tmp_path, suffix, way_out):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(b"x")
    with pytest.raises(ValueError, match=way_out):
        load_spectra(path)
