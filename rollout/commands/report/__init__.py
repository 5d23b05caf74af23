"""Writes the reports of `rollout.model.reports`: Markdown by the standard library, the page by Jinja2 and matplotlib."""

import os

from rollout.home import HOME

#: matplotlib keeps a list of the machine's fonts, by default in HOME: nothing is written outside the project.
os.environ.setdefault("MPLCONFIGDIR", str(HOME / ".tools" / "cache" / "matplotlib"))
