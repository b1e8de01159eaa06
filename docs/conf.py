"""How Sphinx builds the documentation: `make docs`."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # _pages.py

# The question mark in the HTML of an estimator leads to its page. Pages of examples lie
# two folders deep; must be known before the package is imported.
os.environ["SKLEARN_RAMAN_DOCS"] = "../.."

import sklearn_raman  # noqa: E402

project = "sklearn-raman"
author = "the contributors of sklearn-raman"
copyright = author
version = release = sklearn_raman.__version__
language = "en"

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",  # source links that need no network
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "_pages",
]
exclude_patterns = ["_build", "examples", "api/generated/*.examples"]
templates_path = ["_templates"]
html_static_path = ["_static"]
html_extra_path = ["llms.txt"]
html_css_files = ["site.css"]

# Text
default_role = "py:obj"  # `SNV` in a docstring is a link where SNV is known
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_line_continuation_character = "\\"

# Reference
autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False  # the template of a class lists its methods
numpydoc_class_members_toctree = False

# Gallery
sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "auto_examples",
    "within_subsection_order": "FileNameSortKey",
    "image_scrapers": ("_pages",),
    "reset_modules": ("_pages.reset",),
    "doc_module": ("sklearn_raman",),
    "reference_url": {"sklearn_raman": None},
    "backreferences_dir": "api/generated",
    "write_computation_times": False,  # a page that loads scripts from elsewhere
    "remove_config_comments": True,
    "download_all_examples": False,
    "min_reported_time": 1,
    "plot_gallery": os.environ.get("DOCS_PLOTS", "1") == "1",
}

# Links into the documentation of others need their inventories, and so the network.
if os.environ.get("DOCS_INTERSPHINX"):
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "pandas": ("https://pandas.pydata.org/docs", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
        "skorch": ("https://skorch.readthedocs.io/en/stable", None),
        "imblearn": ("https://imbalanced-learn.org/stable", None),
    }

# Looks
html_theme = "pydata_sphinx_theme"
html_title = "sklearn-raman"
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "sklearn-raman"},
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "navbar_persistent": ["search-button"],
    "header_links_before_dropdown": 6,
    "show_prev_next": False,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_center": [],
    "footer_end": ["theme-version"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"index": [], "papers": [], "papers/*": [], "changelog": []}
html_context = {"default_mode": "auto"}
