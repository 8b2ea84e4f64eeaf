"""Sphinx configuration: warnings are errors (`make docs`)."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from metaket import __version__

project = "metaket"
author = "the metaket developers"
version = release = __version__
extensions = ["sphinx.ext.autodoc", "numpydoc", "registry_tables"]
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {"description": "Does this published meta-analysis hold?", "fixed_sidebar": True}
html_show_copyright = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
nitpicky = True
