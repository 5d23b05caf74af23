"""Which store and source a stack has: the names in its config, and what a wrong one is told."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from rollout.commands.project import files, place
from rollout.model.flag.name import FlagName
from rollout.model.problem import BadInput
from rollout.model.stack_file.config import PROVIDER_KEYS
from rollout.provider import __main__ as provider
from rollout.provider.errors import StoreError
from rollout.provider.settings import Settings
from rollout.provider.sources import choose as sources
from rollout.provider.sources.cloudwatch import CloudWatch
from rollout.provider.stores import choose as stores
from rollout.provider.stores import writing
from rollout.provider.stores.secrets_manager import SecretsManager
from rollout.provider.stores.store import Abilities
from tests.provider.memory import MemoryStore

HERE = Settings(region="eu-west-1", endpoint="http://127.0.0.1:9", unified_url="")


def test_a_silent_stack_has_what_it_had() -> None:
    assert isinstance(stores.store(HERE), SecretsManager)
    assert isinstance(sources.source(HERE), CloudWatch)
    assert isinstance(stores.store(Settings.read({}, store="secrets-manager")), SecretsManager)
    assert isinstance(sources.source(Settings.read({}, source="cloudwatch")), CloudWatch)


@pytest.mark.parametrize(("key", "name"), [("store", "secretsmanager"), ("source", "prometheus"), ("store", "a" * 300)])
def test_a_wrong_name_is_told_what_there_is(key: str, name: str) -> None:
    with pytest.raises(BadInput) as wrong:
        provider.resources({key: name})
    text = str(wrong.value)
    assert text.startswith(f"rollout:{key} names nothing that there is")
    known = stores.STORES if key == "store" else sources.SOURCES
    assert f"where:   Pulumi.<stack>.yaml rollout:{key}" in text
    assert f"allowed: {', '.join(known)}" in text
    assert name[:80] in text
    assert len(text) < 500


def test_every_key_that_a_stack_file_may_have_is_read() -> None:
    class Asked(dict[str, str]):
        def get(self, key: str) -> None:  # type: ignore[override] # what is asked for is all that counts
            self[key] = ""

    asked = Asked()
    provider.resources(asked)
    assert set(asked) == set(PROVIDER_KEYS)


@pytest.mark.parametrize(
    "line", ["rollout:store: other", "rollout:store: 'other'", '"rollout:store": "other"', "rollout:store:   other # x"]
)
def test_commands_find_the_names_by_text(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "ROOT", tmp_path)
    broken = f"config:\n  {line}\n  rollout:source: there\n  wa-rollout:flags: [broken\n\t"
    (tmp_path / "Pulumi.x.yaml").write_text(broken)
    found = place.settings("x")
    assert (found.store, found.source) == ("other", "there")
    with pytest.raises(BadInput, match=r"where:   Pulumi\.x\.yaml rollout:store"):
        stores.store(found)
    (tmp_path / "Pulumi.x.yaml").write_text("config:\n  # rollout:store: other\n  rollout:region: eu-west-1\n")
    assert (place.settings("x").store, place.settings("x").source) == (None, None)


DATABASE = {"ROLLOUT_DATABASE_URL": "postgresql://u:p@127.0.0.1:1/d"}


@pytest.mark.parametrize(
    ("written", "environ", "store", "why"),
    [
        ("postgress", DATABASE, "postgres", "it is taken for postgres"),
        ("secretsmanager", {}, "secrets-manager", "it is taken for secrets-manager"),
        ("redis", {}, "secrets-manager", "the store is secrets-manager, as where none is named"),
        ("redis", DATABASE, "postgres", "the store is the database of ROLLOUT_DATABASE_URL"),
        ("redis", {**DATABASE, "ROLLOUT_STORE": "postgres"}, "postgres", ""),
        ("redis", {"ROLLOUT_STORE": "redis"}, "secrets-manager", "the store is secrets-manager"),
        (None, {}, None, ""),
        (None, DATABASE, "postgres", "can't be read: the store is the database of"),
    ],
)
def test_a_rollback_finds_a_store_whatever_is_written(
    written: str | None,
    environ: dict[str, str],
    store: str | None,
    why: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of everything else the same name is refused: it could be somebody's other store."""
    monkeypatch.setattr(files, "ROOT", tmp_path)
    for name in ("ROLLOUT_STORE", "ROLLOUT_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    if written is not None:
        (tmp_path / "Pulumi.x.yaml").write_text(f"config:\n  rollout:store: {written}\n")
    said: list[str] = []
    assert place.settings("x", said.append, asks=False).store == store
    assert why in "".join(said)
    assert len(said) == bool(why)


def test_what_the_environment_did_not_get_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else a clock that is left out shows in nothing but what is judged by the other one."""
    monkeypatch.setattr(files, "ROOT", tmp_path)
    monkeypatch.setattr(place, "_said", set())
    monkeypatch.setenv("ROLLOUT_NOW", "2026-12-01T08:00:00Z")
    monkeypatch.setenv("ROLLOUT_CALL_TIMEOUT", "long")
    for _ in range(2):
        place.settings("x")
    said = capsys.readouterr()
    assert [line.partition(" is left out")[0] for line in said.err.splitlines()] == [
        "ROLLOUT_CALL_TIMEOUT",
        "ROLLOUT_NOW",
    ]
    assert not said.out


def test_nothing_rises_over_a_store_that_could_not_show_a_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    monkeypatch.setattr(store, "can", Abilities(tags=False))
    name = FlagName("test", "jobs", "JOBS_ROLLOUT_PERCENT")
    writing.lower(store, name, "0")
    with pytest.raises(StoreError, match="keeps no tags"):
        writing.raise_to(store, name, "5", before=store.get(name.secret), judged_tags={})
    assert store.live(name.secret) == "0"


def test_nobody_else_names_a_store_or_a_source() -> None:
    """Outside `choose`, and the rooms themselves: no construction by name, so a further one is one file and one line."""
    home = Path(provider.__file__).parents[1]
    free = (home / "provider" / "aws", home / "provider" / "stores", home / "provider" / "sources")
    named = re.compile(r"\b(SecretsManager|CloudWatch|Aws\.brief)\(")
    found = [
        str(path)
        for path in home.rglob("*.py")
        if not any(path.is_relative_to(folder) for folder in free) and named.search(path.read_text())
    ]
    assert not found


def test_choosing_imports_no_store() -> None:
    """A driver that the stack doesn't use is never paid for; nor is the SDK before the first call."""
    code = (
        "import sys; from rollout.provider.stores import choose; from rollout.provider.sources import choose;"
        "print([name for name in sys.modules if name.startswith(('botocore', 'psycopg', 'rollout.provider.stores.s'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
