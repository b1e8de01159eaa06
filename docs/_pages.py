"""What the gallery needs: one style, every figure shown, links that fit the site.

An extension of Sphinx and a scraper of sphinx-gallery, both found by name, because
functions in conf.py could not be cached.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Pages outside this folder that are included in the site, and how they are called here.
INCLUDED = {
    "../benchmarks/README.md": "benchmarks.md",
    "../CHANGELOG.md": "changelog.md",
}

# The palette of Okabe and Ito, told apart by every kind of color vision.
PALETTE = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#8a94a3"]
STYLE = {
    "axes.grid": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "figure.figsize": (8.2, 4.2),
    "font.size": 10,
    "legend.frameon": False,
    "lines.linewidth": 1.3,
    "savefig.dpi": 130,
}


def reset(gallery_conf, fname):
    """Give every example the same style, before it runs and after."""
    import matplotlib
    import pandas as pd
    from cycler import cycler

    matplotlib.use("agg")
    matplotlib.rcdefaults()
    matplotlib.rcParams.update(STYLE, **{"axes.prop_cycle": cycler(color=PALETTE)})
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
    pd.set_option("display.width", 100)


def scrape(block, block_vars, gallery_conf, **kwargs):
    """Save the figures that a block made, with pyplot or (like ours) without."""
    from matplotlib.figure import Figure
    from sphinx_gallery.scrapers import figure_rst

    pyplot = sys.modules.get("matplotlib.pyplot")
    figures = [pyplot.figure(n) for n in pyplot.get_fignums()] if pyplot else []
    known = block_vars["example_globals"]
    figures += [value for value in list(known.values()) if isinstance(value, Figure)]
    paths = []
    for figure in figures:
        if getattr(figure, "_is_in_gallery", False):
            continue
        figure._is_in_gallery = True
        paths.append(next(block_vars["image_path_iterator"]))
        figure.savefig(paths[-1])
    if pyplot:
        pyplot.close("all")
    return figure_rst(paths, gallery_conf["src_dir"])


def _get_sg_image_scraper():
    return scrape


def fit_links(app, docname, content):
    """Point links to included pages at their page of the site."""
    up = "../" * docname.count("/")
    for outside, inside in INCLUDED.items():
        content[0] = content[0].replace(f"]({up}{outside}", f"]({up}{inside}")
    # Other files of the repository are not part of the site.
    outside = re.compile(rf"\[([^\]]+)\]\({re.escape(up)}\.\./(?!docs)[^)]+\)")
    content[0] = outside.sub(r"\1", content[0])


def leave_out_pictures(app, docname, content):
    """Leave out pictures of examples that were not run."""
    folder = (ROOT / "docs" / docname).parent

    def known(picture):
        path = folder / picture[1]
        app.env.note_dependency(str(path))  # read the page again when it is there
        return picture[0] if path.exists() else ""

    pictures = r"(?m)^(?:!\[[^\]]*\]\(|:img-top: )(\S*auto_examples/[^\s)]+)\)?\n"
    content[0] = re.sub(pictures, known, content[0])


def documented_names():
    """Return the page of each name that has one, but for maps of torch modules."""
    pages, module = {}, None
    for listing in sorted((ROOT / "docs" / "api").glob("*.rst")):
        for line in listing.read_text(encoding="utf-8").splitlines():
            if found := re.match(r"\.\. currentmodule:: (\S+)", line):
                module = found[1]
            elif found := re.match(r"   (\w+)$", line):
                name = f"{module}.{found[1]}"
                pages |= {name: name, name.removeprefix("sklearn_raman."): name}
                if not module.endswith("attribution"):
                    pages[found[1]] = name
    return pages


def link_names(app, doctree):
    """Link `SNV` in the text of a page to where it is documented."""
    from docutils import nodes
    from sphinx.addnodes import pending_xref

    docname = app.env.docname
    if docname.startswith(("api/", "auto_examples/")):
        return
    pages = documented_names()
    for literal in list(doctree.findall(nodes.literal)):
        name = literal.astext().removesuffix("()")
        inside = isinstance(literal.parent, (nodes.reference, pending_xref))
        if name in pages and not inside:
            link = pending_xref(
                "",
                refdomain="py",
                reftype="obj",
                reftarget=pages[name],
                refexplicit=True,
                refwarn=True,
                refdoc=docname,
            )
            literal.replace_self(link)
            link += literal


def write_units(app, doctree):
    """Write cm-1 with a superscript, which no line break takes apart."""
    from docutils import nodes

    for text in list(doctree.findall(nodes.Text)):
        if "cm-1" in text and not isinstance(text.parent, nodes.literal | nodes.raw):
            if not isinstance(text.parent, nodes.literal_block | nodes.doctest_block):
                text.parent.replace(text, nodes.Text(text.replace("cm-1", "cm⁻¹")))


def break_names(app, doctree):
    """Let `one_nn_accuracy` break after each _ in the heading of a table."""
    from docutils import nodes

    for head in doctree.findall(nodes.thead):
        for literal in head.findall(nodes.literal):
            *parts, last = re.split("(?<=_)(?=.)", literal.astext())
            literal.children.clear()
            for part in parts:
                literal += [nodes.Text(part), nodes.raw("", "<wbr>", format="html")]
            literal += nodes.Text(last)


def answer_first(app, docname, content):
    """Show the picture of an example under its question, before the code."""
    if not re.search(r"auto_examples/.*/plot_", docname):
        return
    # Between the docstring and the first text there is no code to show.
    empty = r"\.\. GENERATED [^\n]*\s*\.\. code-block:: Python\n   :dedent: 1\n"
    content[0] = re.sub(rf"{empty}\s*(?=\.\. GENERATED)", "", content[0])
    script = ROOT / "docs" / docname.replace("auto_examples", "examples", 1)
    code = script.with_suffix(".py").read_text(encoding="utf-8")
    chosen = re.search(r"sphinx_gallery_thumbnail_number = (\d+)", code)
    number = int(chosen[1]) if chosen else 1
    picture = f"images/sphx_glr_{script.name}_{number:03}.png"
    if not (ROOT / "docs" / docname).parent.joinpath(picture).exists():
        return  # built without running the examples
    parts = content[0].split(".. GENERATED FROM PYTHON SOURCE LINES", 1)
    shown = f".. image:: {picture}\n   :alt: The answer; the code below draws it\n"
    parts[0] += f"{shown}   :class: sphx-glr-single-img\n\n"
    content[0] = ".. GENERATED FROM PYTHON SOURCE LINES".join(parts)


def fit_included_links(app, relative_path, parent_docname, content):
    """Do what `fit_links` does, for the text of an included page."""
    content[0] = content[0].replace("](../docs/", "](").replace("](docs/", "](")
    content[0] = re.sub(
        r"\[([^\]]+)\]\((?:\.\./)?(?:sklearn_raman|results|LICENSE)[^)]*\)",
        r"\1",
        content[0],
    )
    fit_links(app, parent_docname, content)


def skip_foreign(app, what, name, obj, skip, options):
    """Leave out what a class inherits from elsewhere: scikit-learn documents that."""
    if what != "class" or skip:
        return None
    owner = getattr(obj, "fget", obj)
    module = getattr(owner, "__module__", None) or "sklearn_raman"
    return True if not module.startswith("sklearn_raman") else None


def keep_names(app, what, name, obj, options, lines):
    """Write `n_components_` as a name: its last character would make it a link."""
    for number, line in enumerate(lines):
        if ">>>" not in line:
            lines[number] = re.sub(
                r"(?<![`\w.])([a-z]\w*)_(?=[\s),;]|$)", r"\1\\_", line
            )


def setup(app):
    app.connect("autodoc-process-docstring", keep_names, priority=600)
    app.connect("autodoc-skip-member", skip_foreign)
    app.connect("doctree-read", link_names)
    app.connect("doctree-read", write_units)
    app.connect("doctree-read", break_names)
    app.connect("source-read", fit_links)
    app.connect("source-read", leave_out_pictures)
    app.connect("source-read", answer_first)
    app.connect("include-read", fit_included_links)
    return {"parallel_read_safe": True}
