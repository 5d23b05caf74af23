"""The mirror on a double of the Management API, with real clients beside it: it follows the table, and decides nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rollout.home import HOME
from rollout.model.flag import mirror
from rollout.model.flag.name import FlagName
from rollout.model.gate import seen, window
from rollout.provider.errors import StoreError
from rollout.provider.stores import choose, writing
from rollout.provider.stores.mirrored import Mirrored
from rollout.provider.supabase.secrets import API, PAGE, Secrets
from rollout.provider.supabase.secrets import TOKEN as TOKEN_NAME
from tests.management import REF, TOKEN, Management
from tests.provider.shelf import BOTH, PostgresShelf, Shelf

NAME = FlagName("test", "jobs", "JOBS_ROLLOUT_PERCENT")
FLAG = "JOBS_ROLLOUT_PERCENT"


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Management]:
    made = Management()
    monkeypatch.setenv(API, made.url)
    monkeypatch.setenv(TOKEN_NAME, TOKEN)
    yield made
    made.close()


@pytest.fixture
def store(shelf_of: Callable[[str], Shelf], api: Management) -> Mirrored:
    shelf = shelf_of(BOTH[1])
    assert isinstance(shelf, PostgresShelf)
    made = choose.store(replace(shelf.settings(None), mirror=REF))
    assert isinstance(made, Mirrored)
    writing.lower(made, NAME, "25", pause=0)
    return made


def raised(store: Mirrored, to: str) -> str | None:
    return writing.raise_to(
        store, NAME, to, before=store.get(NAME.secret), judged_tags=store.tags(NAME.secret), pause=0
    ).text


def test_it_follows_up_and_down_and_touches_no_other_name(store: Mirrored, api: Management) -> None:
    api.values["OTHER"] = "kept"
    assert api.values[FLAG] == "25"
    assert raised(store, "50") == "50"
    assert api.values == {"OTHER": "kept", FLAG: "50"}
    writing.lower(store, NAME, "0", pause=0)
    assert api.values[FLAG] == "0"
    assert {name for names in api.posts for name in names} == {FLAG}
    assert choose.warnings(store) == []


@pytest.mark.parametrize("fault", [500, 401, 429, 0, "half"])
def test_a_failing_mirror_is_a_warning_and_its_value_stays_ours(
    store: Mirrored, api: Management, fault: int | str
) -> None:
    api.faults = [fault, fault]
    assert writing.lower(store, NAME, "10", pause=0).text == "10"
    said = " ".join(choose.warnings(store))
    assert f"{FLAG} isn't mirrored" in said
    assert TOKEN not in said
    assert raised(store, "25") == "25", "what our own write left there is nobody's stop"
    assert api.values[FLAG] == "25"


def test_a_persons_stop_there_is_followed_by_the_table(store: Mirrored, api: Management) -> None:
    api.values[FLAG] = "5"
    with pytest.raises(writing.StoppedMeanwhile):
        raised(store, "50")
    entry = store.get(NAME.secret)
    assert entry is not None
    assert entry.text == "5"
    assert "somebody stopped" in choose.warnings(store)[0]


def test_a_look_follows_a_persons_stop_there_and_nothing_else(
    store: Mirrored, api: Management, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [NAME.secret, "wa-webhook-unified/test/PROPERTY_ROLLOUT_PERCENT"]
    for value in ("25", "100", "abc", None):
        api.values.pop(FLAG) if value is None else api.values.update({FLAG: value})
        assert choose.follow(store, names) == []
        entry = store.get(NAME.secret)
        assert entry is not None
        assert entry.text == "25", "no lower percent"
    api.values[FLAG] = "5"
    (said,) = choose.follow(store, names)
    assert f"somebody stopped {FLAG} at 5 %" in said
    entry, found = store.get(NAME.secret), store.tags(NAME.secret)
    assert entry is not None
    assert (entry.text, found["stopped"].rpartition(":")[2]) == ("5", "5")
    assert choose.follow(store, names) == []
    monkeypatch.delenv(TOKEN_NAME)
    assert "the mirror isn't read" in choose.follow(store, names)[0]


def test_counts_begin_when_the_environments_of_warm_workers_are_gone() -> None:
    now = datetime(2026, 12, 9, 9, 0, tzinfo=UTC)
    raised_at = now - timedelta(hours=2)
    assert window.windows(raised_at, now, settling=seen.MIRRORED).counted == raised_at + timedelta(minutes=7)
    assert window.windows(raised_at, now).counted == raised_at + timedelta(minutes=2)


@pytest.mark.parametrize("value", ["100", "abc", ""])
def test_what_is_no_lower_percent_is_written_over(store: Mirrored, api: Management, value: str) -> None:
    api.values[FLAG] = value
    assert raised(store, "50") == "50"
    assert api.values[FLAG] == "50"


def test_an_absent_mirror_is_no_mirror_and_not_zero(store: Mirrored, api: Management) -> None:
    del api.values[FLAG]
    assert raised(store, "50") == "50"


def test_a_config_that_names_the_flag_is_refused(store: Mirrored, tmp_path: Path) -> None:
    (tmp_path / "supabase").mkdir()
    (tmp_path / "supabase" / "config.toml").write_text(f'[edge_runtime.secrets]\n{FLAG} = "25"\n')
    store._home = tmp_path
    with pytest.raises(StoreError, match=r"config\.toml names JOBS_ROLLOUT_PERCENT"):
        raised(store, "50")
    assert writing.lower(store, NAME, "0", pause=0).text == "0", "a lowering isn't asked"


@pytest.mark.parametrize(
    ("text", "percent"), [("5", 5), ("05", 5), ("5 ", 5), ("5\n", 5), ('"5"', 5), ("5%", 5), ("0", 0), ("off", None)]
)
def test_a_digest_is_read_back(text: str, percent: int | None) -> None:
    found = mirror.read(mirror.digest(text), None, None)
    assert (found.seen, found.percent) == (mirror.Seen.SOMEBODYS, percent)


def test_pages_of_a_hundred(api: Management) -> None:
    Secrets.of(REF).write({f"N{number}": "1" for number in range(PAGE + 1)})
    assert [len(names) for names in api.posts] == [PAGE, 1]


#: The real command lines, as they set one name in a project.
CLIENTS = {"2.117.0": ("--project-ref", REF), "3.1.0": (f"--remote={REF}", "--yes")}


@pytest.mark.parametrize("version", CLIENTS)
def test_the_real_command_line(store: Mirrored, api: Management, tmp_path: Path, version: str) -> None:
    """What a person types is a person's: the CLI sets the name, and the table follows a lower value."""
    tool = cli(version)
    profile = tmp_path / "double.yaml"
    profile.write_text(f"name: double\napi_url: {api.url}\ndashboard_url: {api.url}\nproject_host: localhost\n")
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "SUPABASE_PROFILE": str(profile), "SUPABASE_ACCESS_TOKEN": TOKEN,
           "DO_NOT_TRACK": "1", "NO_PROXY": "127.0.0.1"}  # fmt: skip
    done = subprocess.run(
        [str(tool), "secrets", "set", f"{FLAG}=5", *CLIENTS[version]],
        cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert api.values[FLAG] == "5"
    with pytest.raises(writing.StoppedMeanwhile):
        raised(store, "50")


def cli(version: str) -> Path:
    """The command line of that version, from npm, kept beside the other tools; skips where npm can't have it."""
    folder = HOME / ".tools" / f"supabase-{version}"
    tool = folder / "node_modules" / ".bin" / "supabase"
    if not tool.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("no npm")
        install = [
            npm,
            "install",
            "--no-fund",
            "--no-audit",
            "--ignore-scripts",
            "--prefix",
            str(folder),
            f"supabase@{version}",
        ]
        done = subprocess.run(install, capture_output=True, text=True, timeout=180, check=False)
        if done.returncode or not tool.exists():
            pytest.skip(f"npm has no supabase {version} for this machine")
    return tool
