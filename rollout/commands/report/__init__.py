"""Writes the reports of `rollout.report_*`: Markdown by the standard library, the page by Jinja2 and matplotlib."""

import os
from pathlib import Path

#: matplotlib keeps a list of the machine's fonts, by default in HOME: nothing is written outside the project.
os.environ.setdefault("MPLCONFIGDIR", str(Path(__file__).resolve().parents[3] / ".tools" / "cache" / "matplotlib"))
