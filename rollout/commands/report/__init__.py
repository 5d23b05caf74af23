"""Writes the reports of `rollout.model.reports`: Markdown by the standard library, the page by Jinja2 and matplotlib."""

import os

from rollout.home import HOME

#: matplotlib's list of the machine's fonts, by default in HOME: nothing is written outside the project.
FONTS = HOME / ".tools" / "cache" / "matplotlib"
os.environ.setdefault("MPLCONFIGDIR", str(FONTS))
