"""Tables of three spectra, as instruments and other packages write them."""

import numpy as np

AXIS = np.array([400.0, 401.5, 403.0, 404.5])
X = np.array([[1.0, 2.5, 3.0, 4.0], [5.0, 6.0, -7.25, 8.0], [9.0, 10.0, 11.0, 12.5]])
WHO = ["calcite", "quartz", "calcite"]
LONG_AXIS = 400.5 + 2 * np.arange(60)
LEVELS = np.random.default_rng(0).normal(900, 9, (60, 5)).round(1)


def write(folder, text, name="t.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def wide(delimiter=",", decimal=".", unit="", head=("class",), columns=(WHO,)):
    """A spectrum in each row, metadata before."""
    number = "{}".format
    rows = [[*head, *(number(a) + unit for a in AXIS)]]
    rows += [[*(c[i] for c in columns), *map(number, X[i])] for i in range(len(X))]
    data = [
        [
            cell.replace(".", decimal)
            if cell[-1:] in "0123456789" + unit[-1:]
            else cell
            for cell in row
        ]
        for row in rows
    ]
    return "\n".join(delimiter.join(row) for row in data) + "\n"


def check(bunch, target=WHO):
    np.testing.assert_array_equal(bunch.wavenumbers, AXIS)
    np.testing.assert_array_equal(bunch.data.to_numpy(), X)
    assert [float(label) for label in bunch.data.columns] == AXIS.tolist()
    if target is not None:
        assert bunch.target.tolist() == target


def turned(delimiter=",", decimal="."):
    """A spectrum in each column, one row of names and one of classes."""
    rows = [["Raman shift", "s1", "s2", "s3"], ["mineral", *WHO]]
    rows += [[str(a), *map(str, x)] for a, x in zip(AXIS, X.T, strict=True)]
    rows[2:] = [[c.replace(".", decimal) for c in row] for row in rows[2:]]
    return "\n".join(delimiter.join(row) for row in rows) + "\n"


RENISHAW = "#X\t\t#Y\t\t#Wave\t\t#Intensity\n" + "".join(
    f"{n % 2:.6f}\t{n // 2:.6f}\t{a:.6f}\t{v:.6f}\n"
    for n in range(3)
    for a, v in list(zip(AXIS, X[n], strict=True))[::-1]
)


def as_line(cells):
    return ",".join(str(c) for c in cells) + "\n"
