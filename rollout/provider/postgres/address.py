"""Where the database is: from the environment alone, and never shown. What is shown of an address is host, port and name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from rollout.model.problem import BadInput, Problem

#: The environment's names. The second is tried where the first is full or away: another way to the same database.
URL: Final = "ROLLOUT_DATABASE_URL"
SECOND: Final = "ROLLOUT_DATABASE_URL_2"
#: A role that each transaction takes (`set local role`), where only the project's own user may log in.
ROLE: Final = "ROLLOUT_DATABASE_ROLE"
#: A file with the root certificate that the server's must come from; else the system's own roots.
ROOT_CERTIFICATE: Final = "ROLLOUT_DATABASE_ROOT_CERT"

#: What an address that doesn't say is asked for: encrypted, by a certificate that is trusted, of that host.
VERIFIED: Final = "verify-full"
#: What else an address may say; whatever isn't here is for other clients (`pgbouncer=true`), and is left out.
_OPTIONS: Final = frozenset(
    {
        "password", "hostaddr", "options", "sslcert", "sslkey", "sslcrl", "channel_binding", "gssencmode",
        "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
        "target_session_attrs", "ssl_min_protocol_version", "sslnegotiation",
    }
)  # fmt: skip
#: Below a file, so that nothing can stand there.
NO_ROOT: Final = "/dev/null/none"
MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", VERIFIED)


@dataclass(frozen=True)
class Address:
    """One way to the database. `parameters`, libpq's own, hold a password: they are in no text, not even a debugger's."""

    parameters: tuple[tuple[str, str], ...] = field(repr=False)
    shown: str
    mode: str  # libpq's sslmode
    secrets: tuple[str, ...] = field(repr=False, default=())
    name: str = URL

    def clean(self, text: str) -> str:
        """`text` without anything of the address that may be secret."""
        for secret in self.secrets:
            text = text.replace(secret, "(hidden)")
        return text


@dataclass(frozen=True)
class Addresses:
    """Every way to the database, the first one first, and the role that is taken there (empty: none).

    `within`: seconds that an answer is waited for at most, where that is less than the link's own (`Settings.call_timeout`).
    """

    ways: tuple[Address, ...]
    role: str = ""
    within: float | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is less than `verify-full`, because the address says so."""
        return tuple(
            f"{way.name}: sslmode={way.mode}, so nobody has verified that {way.shown} is your database"
            for way in self.ways
            if way.mode != VERIFIED
        )


def read(environ: Mapping[str, str]) -> Addresses:
    """The addresses of this process. Raises `BadInput` where there is none, or one that is none; never shows any of it."""
    role = environ.get(ROLE, "")
    if role and not role.replace("_", "a").isalnum():
        raise BadInput([Problem(f"{ROLE} is no name of a role", allowed="letters, digits and _", do="unset it")])
    ways = tuple(_way(name, environ[name], environ) for name in (URL, SECOND) if environ.get(name))
    if not ways or ways[0].name != URL:
        what = f"{URL} isn't set, and the flags of this stack are in a database"
        raise BadInput([Problem(what, allowed="postgresql://USER:PASSWORD@HOST:5432/DATABASE", do=f"export {URL}")])
    return Addresses(ways, role)


def _root(mode: str, environ: Mapping[str, str]) -> str:
    """libpq's `sslrootcert`. With any root certificate `require` means `verify-ca` to libpq, with one in ~/.postgresql too:
    who was told to set it, so that a rollback goes, is let go. A file that isn't there verifies nobody.
    """
    if mode.startswith("verify-"):
        return environ.get(ROOT_CERTIFICATE) or ("system" if mode == VERIFIED else "")
    return NO_ROOT


def _way(name: str, url: str, environ: Mapping[str, str]) -> Address:
    # What is wrong with it isn't quoted: any part of it may be the password, misplaced.
    allowed = "postgresql://USER:PASSWORD@HOST:5432/DATABASE, a % or @ in the password written as %25 or %40"
    wrong = BadInput([Problem(f"{name} is no address of a database", allowed=allowed, do=f"set {name} again")])
    try:
        parts = urlsplit(url)
        host, port, password = parts.hostname, parts.port or 5432, unquote(parts.password or "")
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=False))
    except ValueError:
        raise wrong from None
    mode = options.get("sslmode", VERIFIED)
    database = unquote(parts.path.lstrip("/")) or unquote(parts.username or "")
    if parts.scheme not in ("postgresql", "postgres") or not host or not database or parts.fragment:
        raise wrong
    if mode not in MODES:
        allowed = ", ".join(MODES)
        raise BadInput(
            [Problem(f"{name}: sslmode is none of libpq's", allowed=allowed, do=f"leave it out: {VERIFIED}")]
        )
    root = options.get("sslrootcert") or _root(mode, environ)
    given = {key: value for key, value in options.items() if key in _OPTIONS and value}
    secret = [
        one for one in (parts.password or "", password, given.get("password", ""), given.get("options", "")) if one
    ]
    own = {"host": unquote(host), "port": str(port), "user": unquote(parts.username or ""), "password": password}
    parameters = {**own, "dbname": database, **given, "sslmode": mode, "sslrootcert": root}
    return Address(
        tuple((key, value) for key, value in parameters.items() if value), f"{host}:{port}/{database}", mode,
        tuple(dict.fromkeys(secret)), name,
    )  # fmt: skip
