"""Writes the reports of `rollout.report_*`: Markdown by the standard library, the page by Jinja2 and matplotlib."""
