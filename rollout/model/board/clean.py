"""What may stand on a page that others see: no character that a reader can't see, and no secret."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

HIDDEN: Final = "[hidden]"
#: Shorter values of an environment are words (`true`, `eu-west-1`), and hiding them would hide the page.
SHORTEST: Final = 8
#: Forms that are nobody's note: keys of AWS, GitHub, GitLab, Slack, Supabase, Pulumi; tokens with three parts; private keys.
_SHAPES: Final = re.compile(
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[opsru]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bxox[abprs]-[\w-]{10,}"
    r"|\bsb(?:p|_secret)_\w{16,}|\bpul-[0-9a-f]{20,}|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|-----BEGIN [A-Z ]*PRIVATE KEY-----.*"
)
#: What stands before the @ of an address: a name and a password.
_USER: Final = re.compile(r"(?<=://)[^/\s@]+@")
#: Names of an environment's variables whose values are secrets.
_SECRET: Final = re.compile(
    r"SECRET|TOKEN|PASS(WORD|PHRASE|WD)?(_|$)|PRIVATE|CREDENTIAL|(API|ACCESS|SERVICE|ROLE)_KEY|_DB_URL|DATABASE_URL"
)


def secrets(environment: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The values of an environment that are secret by their names, the longest first."""
    found = {value for name, value in environment if _SECRET.search(name.upper()) and len(value) >= SHORTEST}
    return tuple(sorted(found, key=lambda value: (-len(value), value)))


def clean(text: str, hidden: Iterable[str] = ()) -> str:
    """`text` in one line as it may be shown: control, format and bidi characters are a blank, secrets are `[hidden]`."""
    for secret in hidden:
        text = text.replace(secret, HIDDEN)
    seen = "".join(" " if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp") else one for one in text)
    return _USER.sub("", _SHAPES.sub(HIDDEN, " ".join(seen.split())))
