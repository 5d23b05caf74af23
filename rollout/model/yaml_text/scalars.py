"""What a scalar written without quotes is: the few forms that get a type, and the odd ones that readers disagree on.

Readers of YAML turn `012` into 10, `1e2` into 100, `yes` into true and `2026-12-01` into a moment, each reader
in its own way. Here such a scalar stays what was written (`odd`), with a reason for the person who wrote it.
"""

from __future__ import annotations

import math
import re
from typing import Final, Literal

Kind = Literal["text", "int", "float", "bool", "null", "odd"]
Value = str | int | float | bool | None

#: Whole numbers longer than this are odd: readers keep 64 bits, and a percent has three digits.
MAX_DIGITS: Final = 18

_INT: Final = re.compile(rf"0|-?[1-9][0-9]{{0,{MAX_DIGITS - 1}}}")
_FLOAT: Final = re.compile(rf"-?(0|[1-9][0-9]{{0,{MAX_DIGITS - 1}}})\.[0-9]{{1,{MAX_DIGITS}}}")
_TYPED: Final[dict[str, tuple[Kind, Value]]] = {
    "": ("null", None),
    "~": ("null", None),
    "null": ("null", None),
    "true": ("bool", True),
    "false": ("bool", False),
}

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?", re.DOTALL)
_BASE_60: Final = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
_BASED: Final = re.compile(r"([-+]?)0(?:(o)([0-7_]+)|(x)([0-9a-fA-F_]+)|(b)([01_]+))")
_OCTAL: Final = re.compile(r"[-+]?0[0-7_]+")
_NUMBER: Final = re.compile(r"[-+]?(\.[0-9][0-9_]*|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_YES_NO: Final = re.compile(r"y|n|yes|no|on|off", re.IGNORECASE)
_OTHER_CASE: Final = re.compile(r"true|false|null", re.IGNORECASE)


def classify(text: str) -> tuple[Kind, Value, str]:
    """The kind, the typed value and, for an odd scalar, the reason, of a scalar written without quotes.

    Only `true`, `false`, `null`, `~`, nothing, plain decimal whole numbers (`0`, `50`, `-5`) and plain decimals
    (`12.5`) get a type. The value of text and of an odd scalar is the text as written. Never raises.
    """
    if text in _TYPED:
        return *_TYPED[text], ""
    if _INT.fullmatch(text):
        return "int", int(text), ""
    if _FLOAT.fullmatch(text):
        return "float", float(text), ""
    reason = _odd(text)
    return ("odd", text, reason) if reason else ("text", text, "")


def _odd(text: str) -> str:
    """Why readers don't take `text` for text, or nothing where they all do."""
    if _DATE.fullmatch(text):
        return "quote it, or Pulumi rewrites it"
    if _NOT_FINITE.fullmatch(text):
        return "Pulumi's reader takes it as a number that is none"
    if _YES_NO.fullmatch(text):
        return "some readers take it as true or false; quote it, or write true or false"
    if _OTHER_CASE.fullmatch(text):
        return f"Pulumi's reader takes it as {text.lower()}; write it in small letters, or quote it"
    if text in ("=", "<<"):
        return "a sign of YAML itself; quote it"
    if _BASE_60.fullmatch(text):
        return "some readers take it as a number to base 60; quote it"
    number = _number(text)
    return f"Pulumi's reader takes it as {number}" if number else ""


def _number(text: str) -> str:
    """The number that Pulumi's reader makes of `text`, for a message; empty where it makes none."""
    if len(text) > 4 * MAX_DIGITS:
        return "a number" if _NUMBER.fullmatch(text) or _BASED.fullmatch(text) else ""
    if based := _BASED.fullmatch(text):
        sign, _, octal, _, hexadecimal, _, binary = based.groups()
        digits, base = (octal, 8) if octal else (hexadecimal, 16) if hexadecimal else (binary, 2)
        bare = digits.replace("_", "")
        return f"{sign.strip('+')}{int(bare, base)}" if bare else ""
    if _OCTAL.fullmatch(text) and text.replace("_", "").lstrip("+-0"):
        return str(int(text.replace("_", ""), 8))
    if _NUMBER.fullmatch(text):
        value = float(text.replace("_", ""))
        if math.isinf(value):
            return ""  # Pulumi's reader takes it as text, too
        return str(int(value)) if value.is_integer() else str(value)
    return ""
