"""A small writer of HTML and SVG: elements as text, every text and attribute escaped, nothing to install."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import Final

#: Elements that have no end.
_EMPTY: Final = frozenset({"meta", "br", "hr", "link"})
#: A number and its per cent stay on one line.
_SHARE: Final = re.compile(r"(\d) %")


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def element(name: str, /, *children: object, **attributes: object) -> Markup:
    """`<name attribute="...">children</name>`. What is None or False is left out; a child that is no `Markup` is escaped.

    `class_` is `class`; an underscore in an attribute's name is a hyphen (`aria_label`, `stroke_width`).
    """
    named = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escape(_shown(value))}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    inner = "".join(_child(one) for one in children)
    if name in _EMPTY or (not inner and name in ("path", "rect", "circle", "line", "use", "polygon")):
        return Markup(f"<{name}{named}{'' if name in _EMPTY else '/'}>")
    return Markup(f"<{name}{named}>{inner}</{name}>")


def joined(children: Iterable[object], between: str = "") -> Markup:
    """The children, one after the other."""
    return Markup(between.join(_child(one) for one in children if one is not None))


def _child(one: object) -> str:
    if one is None:
        return ""
    return one if isinstance(one, Markup) else _SHARE.sub("\\1\N{NO-BREAK SPACE}%", escape(str(one), quote=False))


def _shown(value: object) -> str:
    """A number of a picture in tenths of a pixel, without a zero that says nothing."""
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
