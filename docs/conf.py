"""Sphinx configuration: warnings are errors (`make docs`), nothing is fetched, every example runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from metaket import __version__

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))
os.environ.setdefault("MPLBACKEND", "Agg")

project = "metaket"
author = "the metaket developers"
version = release = __version__
extensions = [
    "sphinx.ext.autodoc",
    "numpydoc",
    "bibliography",
    "checked_lists",
    "live_examples",
    "offline_math",
    "registry_tables",
]
exclude_patterns = ["_build"]
highlight_language = "none"
pygments_style = "sphinx"
nitpicky = True
# names of numpy and pandas, which are not documented here
nitpick_ignore_regex = [("py:.*", r"(np|numpy|npt|pd|pandas)\..*")]

html_math_renderer = "matplotlib"
html_theme = "alabaster"
html_theme_options = {
    "description": "Does this published meta-analysis hold?",
    "fixed_sidebar": True,
    "page_width": "1240px",
    "body_max_width": "none",
}
html_static_path = ["_static"]
html_css_files = ["metaket.css"]
html_show_copyright = False
html_show_sourcelink = False

autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
