"""A certificate of a project's own authority: what is trusted, what isn't, and the one setting that lets a rollback go.

A real pooler shows it: the server of the tests' wheel is built without TLS.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rollout.model.flag.name import FlagName
from rollout.provider.errors import StoreError
from rollout.provider.postgres import address, check
from rollout.provider.postgres.link import Link
from rollout.provider.stores import writing
from rollout.provider.stores.postgres import Postgres
from tests import pooler, postgres

NAME = FlagName("test", "jobs", "JOBS_ROLLOUT_PERCENT")

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make certificates with")


@dataclass(frozen=True)
class Trusted:
    """A server on 127.0.0.1 whose certificate is for that address, by `root`; `other` is an authority that it isn't of."""

    url: str
    root: Path
    other: Path

    def store(self, root: Path | None, mode: str = "", host: str = "127.0.0.1") -> Postgres:
        return Postgres(Link(self.addresses(root, mode, host)))

    def addresses(self, root: Path | None, mode: str = "", host: str = "127.0.0.1") -> address.Addresses:
        url = self.url.replace("@127.0.0.1:", f"@{host}:").replace(
            "?sslmode=disable", f"?sslmode={mode}" if mode else ""
        )
        return address.read({address.URL: url, **({address.ROOT_CERTIFICATE: str(root)} if root else {})})


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def authority(folder: Path, name: str) -> Path:
    openssl(
        folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout",
        f"{name}.key", "-out", f"{name}.crt", "-addext", "basicConstraints=critical,CA:TRUE",
    )  # fmt: skip
    return folder / f"{name}.crt"


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trusted]:
    folder = postgres.entered(tmp_path_factory.mktemp("certificate"))
    root, other = authority(folder, "ours"), authority(folder, "another")
    openssl(
        folder, "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=db", "-keyout", "server.key", "-out", "server.csr"
    )
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl(
        folder, "x509", "-req", "-in", "server.csr", "-CA", "ours.crt", "-CAkey", "ours.key", "-CAcreateserial", "-days", "2",
        "-extfile", "names", "-out", "server.crt",
    )  # fmt: skip
    with postgres.server(folder) as server:
        base = postgres.fresh(server, "test")
        with pooler.running(server, folder / "pooler", "transaction", certificate=folder / "server.crt") as made:
            yield Trusted(made.url("rollout_deployer", base), root, other)


def down(store: Postgres) -> bool:
    return writing.lower(store, NAME, "0", pause=0).text == "0"


def test_its_own_authority_is_trusted(trusted: Trusted) -> None:
    assert down(trusted.store(trusted.root))
    assert not trusted.addresses(trusted.root).warnings


@pytest.mark.parametrize("case", ["the system's authorities", "another authority", "another name", "no such file"])
def test_what_is_not_trusted_says_what_to_set_and_what_lets_a_rollback_go(
    trusted: Trusted, case: str, tmp_path: Path
) -> None:
    root, host = {
        "the system's authorities": (None, "127.0.0.1"),
        "another authority": (trusted.other, "127.0.0.1"),
        "another name": (trusted.root, "localhost"),
        "no such file": (tmp_path / "gone.crt", "127.0.0.1"),
    }[case]
    with pytest.raises(StoreError) as caught:
        down(trusted.store(root, host=host))
    assert "the server's certificate isn't trusted" in str(caught.value), caught.value
    assert f"name your project's root certificate in {address.ROOT_CERTIFICATE}" in str(caught.value)
    assert f"add sslmode=require to {address.URL}" in str(caught.value)
    (told,) = [one for one in check.check(trusted.addresses(root, host=host), "test") if not one.right]
    assert "certificate" in told.what, "at the check, and not first in a rollback"
    assert down(trusted.store(root, "require", host)), "it does what the message says"


def test_a_root_certificate_in_ones_home_doesnt_keep_a_rollback_back(
    trusted: Trusted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """libpq takes `require` for `verify-ca` where that file is there."""
    (tmp_path / ".postgresql").mkdir()
    shutil.copy(trusted.other, tmp_path / ".postgresql/root.crt")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert down(trusted.store(None, "require"))
    with pytest.raises(StoreError, match="certificate"):
        down(trusted.store(trusted.other, "verify-ca"))
    assert down(trusted.store(trusted.root, "verify-ca"))
