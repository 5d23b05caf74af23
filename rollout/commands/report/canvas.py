"""One figure as an inline SVG: the same bytes for the same picture, text as text, colours by the page's own names."""

from __future__ import annotations

import io
import re
from html import escape
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure

#: Colours are stand-ins: the page turns each into a variable of its style, so that light and dark need one picture.
INK: Final = "#1b1f24"
MUTED: Final = "#5c646c"
FAINT: Final = "#d5d9de"
PAPER: Final = "#fdfdfc"
SOFT: Final = "#bcd0e5"
DEEP: Final = "#2f5f94"
OTHER: Final = "#9a5b13"
ALERT: Final = "#a3262a"
_NAMES: Final = {
    INK: "ink", MUTED: "muted", FAINT: "faint", PAPER: "paper", SOFT: "soft", DEEP: "deep", OTHER: "other", ALERT: "alert",
}  # fmt: skip
FONT: Final = 11.0

_STYLE: Final[dict[str, Any]] = {
    "svg.fonttype": "none", "font.family": "DejaVu Sans", "font.size": FONT, "hatch.linewidth": 0.7,
    "axes.edgecolor": MUTED, "axes.labelcolor": INK, "axes.linewidth": 0.8, "text.color": INK, "xtick.color": MUTED,
    "ytick.color": MUTED, "xtick.labelcolor": INK, "ytick.labelcolor": INK, "axes.titlesize": FONT, "path.simplify": False,
    "axes.spines.top": False, "axes.spines.right": False, "savefig.facecolor": "none", "axes.facecolor": "none",
}  # fmt: skip


def style(name: str) -> Any:
    """matplotlib's settings while a picture is drawn and saved; its ids are hashes salted by the picture's name."""
    settings: dict[Any, Any] = {**_STYLE, "svg.hashsalt": name}
    return mpl.rc_context(settings)


def new(width: float, height: float) -> Figure:
    """A figure of that many CSS pixels: at 72 dots an inch a point is one."""
    return Figure(figsize=(width / 72, height / 72), dpi=72)


def svg(figure: Figure, name: str, title: str, description: str) -> str:
    """The figure as `<svg role="img">` with a title and a description, no id that another picture has, no size."""
    raw = io.StringIO()
    figure.savefig(raw, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = raw.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    box = re.search(r'viewBox="([^"]+)"', text)
    inner = text[text.index(">") + 1 :]
    inner = re.sub(r"font: ([0-9.]+px)[^;\"]*", r"font-size: \1", inner)
    inner = re.sub(r"<!--.*?-->\n?", "", inner, flags=re.S)
    inner = re.sub(r'<g id="[^"]*">', "<g>", inner)
    for colour, variable in _NAMES.items():
        inner = inner.replace(colour, f"var(--{variable})")
    inner = re.sub(r"\n\s*", "\n", inner)
    head = (
        f'<svg class="{name.rpartition("-")[2]}" viewBox="{box[1] if box else ""}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc" xmlns:xlink="http://www.w3.org/1999/xlink">'
    )
    return f'{head}<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc>{inner}'
