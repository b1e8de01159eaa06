"""The page of a map: what is in it, and what it does in a browser."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from sklearn_raman.mapping import apply_pipeline, save_page

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
OUTPUT = ("label", "proba", "explanation", "class_means")
# Point at a pixel, and click on another; then move down.
ACT = """
<script>
const at = (y, x) => {
  const box = canvas.getBoundingClientRect();
  return { bubbles: true, clientX: box.left + (x + 0.5) * box.width / width,
    clientY: box.top + (y + 0.5) * box.height / height };
};
const note = (name) => {
  document.body.dataset[name] = panel.textContent;
};
canvas.dispatchEvent(new MouseEvent("mousemove", at(2, 3)));
note("hovered");
canvas.dispatchEvent(new MouseEvent("click", at(4, 5)));
canvas.dispatchEvent(new MouseEvent("mousemove", at(0, 0)));
canvas.dispatchEvent(new MouseEvent("mouseleave", {}));
note("clicked");
canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown" }));
note("moved");
const inside = canvas.getContext("2d").getImageData(5, 4, 1, 1).data;
document.body.dataset.color = Array.from(inside.slice(0, 3)).join(",");
layer.value = "proba 1";
layer.dispatchEvent(new Event("change"));
document.body.dataset.keys = keys.textContent;
</script>
"""


@pytest.fixture
def maps(cube, model):
    cube[0, 0] = np.nan
    return apply_pipeline(model, cube, output=OUTPUT).compute()


def test_page_needs_nothing_else(maps, cube, tmp_path):
    path = tmp_path / "map.html"
    title = 'Cells <of a "plant"> & $x'
    assert save_page(maps, path, cube=cube, title=title, description="a < b") == path
    text = path.read_text(encoding="utf-8")
    assert "<title>Cells &lt;of a &quot;plant&quot;&gt; &amp; $x</title>" in text
    assert "a &lt; b" in text
    assert not re.search(r'(?:src|href)="', text) and "http" not in text.replace(
        "http://www.w3.org/2000/svg", ""
    )


def test_places_that_are_not_known(maps, cube, tmp_path):
    """JSON has no NaN: a page with one would show nothing."""

    def refuse(name):
        raise AssertionError(name)

    x = [0.5, np.nan, np.inf, -np.inf, *np.arange(2.25, 7)]
    given = [part.assign_coords(x=x, y=[np.nan] * 7) for part in (maps, cube)]
    page = save_page(given[0], tmp_path / "map.html", cube=given[1])
    data = re.search(r'(\{"shape".*\})', page.read_text(encoding="utf-8"))[1]
    y, x = json.loads(data, parse_constant=refuse)["where"]
    assert x["values"] == [0.5, "nan", "inf", "-inf", 2.25, 3.25, 4.25, 5.25, 6.25]
    assert y["values"] == ["nan"] * 7
    for other in ([0.5, 3.0, *x["values"][2:]], [1.5, *x["values"][1:]]):
        moved = given[1].assign_coords(x=np.array(other, dtype=float))
        with pytest.raises(ValueError, match="cube and the maps disagree in 'x'"):
            save_page(given[0], tmp_path / "map.html", cube=moved)


def opened(path, act):
    """Return the page as it is in a browser after a script."""
    path.write_text(path.read_text("utf-8").replace("</body>", act + "</body>"))
    switches = "--headless --no-sandbox --disable-gpu --no-first-run --disable-sync "
    switches += "--disable-background-networking --disable-component-update "
    switches += "--enable-logging=stderr --virtual-time-budget=2000 --dump-dom"
    command = [
        BROWSER,
        *switches.split(),
        f"--user-data-dir={path.with_name('profile')}",
    ]
    done = subprocess.run([*command, path.as_uri()], capture_output=True, timeout=60)
    assert "CONSOLE" not in done.stderr.decode(errors="replace")
    return done.stdout.decode()


@pytest.mark.skipif(BROWSER is None, reason="Chromium opens the page")
def test_pixels_can_be_looked_at(maps, cube, model, tmp_path):
    path = save_page(maps, tmp_path / "map.html", cube=cube)
    shown = opened(path, ACT)
    names = maps["class"].values

    def said(what):
        return re.search(rf'data-{what}="([^"]*)"', shown)[1]

    for what, (y, x) in {"hovered": (2, 3), "clicked": (4, 5), "moved": (5, 5)}.items():
        assert said(what).startswith(names[int(maps.label[y, x])])
        assert f"y {2 * y} um, x {2 * x} um" in said(what)
        best = float(maps.proba[y, x].max())
        assert f"{round(254 * best) / 254:.2f}" in said(what)
    color = re.search(r'"colors": \[([^\]]*)\]', shown)[1].split(", ")
    color = color[int(maps.label[4, 5])].strip('"')
    expected = ",".join(str(int(color[k : k + 2], 16)) for k in (1, 3, 5))
    assert said("color") == expected
    assert said("keys") == "00.51"
    # The curve that is drawn is the spectrum of the pixel.
    points = re.search(r'<polyline points="([^"]*)"[^>]*class="spectrum"', shown)[1]
    heights = [-float(point.split(",")[1]) for point in points.split()]
    assert np.corrcoef(heights, cube[5, 5])[0, 1] > 0.999
    assert shown.count('class="map-of-pixel"') == 2 * (1 + 3)
    assert shown.count("<svg") == 1 + 3  # of the pixel, and means of classes


@pytest.mark.skipif(BROWSER is None, reason="Chromium opens the page")
def test_pixels_without_a_result_show_none(cube, model, tmp_path):
    """And places and wavenumbers are written in the digits that they need."""
    maps = apply_pipeline(model, cube).compute()
    maps = maps.where(maps.x > 7)  # not where the mouse hovers, but where it clicks
    places = {"x": 12345.6 + 0.05 * np.arange(9)}
    axis = {"wavenumber": 1000 + 0.01 * np.arange(101)}
    own = cube.assign_coords(axis | places)
    path = save_page(maps.assign_coords(places), tmp_path / "map.html", cube=own)
    shown = opened(path, ACT)
    hovered, clicked = (
        re.search(rf'data-{what}="([^"]*)"', shown)[1]
        for what in ("hovered", "clicked")
    )
    ticks = "10001000.251000.51000.751001 cm⁻¹"
    assert hovered == "unknown (left out)y 4 um, x 12345.75" + ticks
    name, best = maps["class"].values[int(maps.label[4, 5])], maps.proba[4, 5].max()
    assert clicked.startswith(f"{name}y 8 um, x 12345.85{name}{float(best):.2f}")
    assert clicked.endswith(ticks)


def test_a_large_map_leaves_its_spectra_out(maps, cube, tmp_path):
    wide = maps.isel(x=np.zeros(600, dtype=int))
    path = save_page(wide, tmp_path / "map.html", cube=cube.isel(x=np.zeros(600, int)))
    text = path.read_text(encoding="utf-8")
    assert "every 2th" not in text and "Shown is every second" in text
    assert '"spectra"' not in text.partition('"means"')[0]
    with pytest.raises(ValueError, match="The cube has the pixels"):
        save_page(maps, path, cube=cube[:3])
    with pytest.raises(ValueError, match="The cube has the pixels 7 y x 8 x"):
        save_page(maps, path, cube=cube[:, :8])
    with pytest.raises(ValueError, match="cube and the maps disagree in 'x'"):
        save_page(maps, path, cube=cube.assign_coords(x=cube.x + 1))


def test_a_cube_as_array_needs_its_axis(maps, cube, tmp_path):
    values, axis = cube.transpose(..., "wavenumber").values, cube.wavenumber.values
    path = tmp_path / "map.html"
    with pytest.raises(ValueError, match="pass its wavenumbers="):
        save_page(maps, path, cube=values)
    save_page(maps, path, cube=values, wavenumbers=axis)
    assert path.exists()
