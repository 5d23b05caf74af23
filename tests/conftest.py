"""Fixtures of every tier. A test's tier is its folder: tests/pure, provider, components or engine."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.database import DirectoryBasedExampleDatabase

from rollout.simulator import env
from rollout.simulator.simulator import Simulator
from tests import emulator, postgres
from tests.harness import Sandbox

TIERS = ("pure", "provider", "components", "engine")
HERE = Path(__file__).resolve().parent
CACHE = HERE.parent / ".tools" / "cache" / "hypothesis"

# In CI the same examples at each run. Elsewhere new ones, and what failed once is tried again; no limit on one example's
# time, since the machine may be busy.
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(CACHE))
_ci = bool(os.environ.get("CI"))
settings.register_profile(
    "project",
    derandomize=_ci,
    database=None if _ci else DirectoryBasedExampleDatabase(CACHE / "examples"),
    deadline=None,
    print_blob=True,
)
settings.load_profile("project")


def pytest_configure() -> None:
    """No test may reach what the caller's shell is set to: its AWS, Pulumi and rollout settings go before any starts."""
    for key in [key for key in os.environ if key.startswith(env.FOREIGN) or key in env.ALSO_FOREIGN]:
        del os.environ[key]
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell's background job ignores Ctrl-C, and so would every command that a test interrupts: they inherit it.
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--store`: which tests of the engine tier run over both."""
    parser.addoption(
        "--store", choices=("sample", "both"), default="sample",
        help="of the engine tier over both stores: a test of each kind, or every one that can be",
    )  # fmt: skip


def pytest_report_header(config: pytest.Config) -> str:
    """Says what isn't run: a run that is green without them is no proof of them."""
    given = emulator.command()
    return f"left out: {len(emulator.CANNOT)} things that {given} can't do" if given else "nothing is left out"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks each test with its folder's tier, so that `-m 'not engine'` works; leaves out what another emulator can't do."""
    left = tuple(emulator.CANNOT) if emulator.command() else ()
    if left and (out := [item for item in items if item.nodeid.startswith(left)]):
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if not item.nodeid.startswith(left)]
    for item in items:
        parts = item.path.relative_to(HERE).parts if item.path.is_relative_to(HERE) else ()
        if parts and parts[0] in TIERS:
            item.add_marker(parts[0])


@pytest.fixture(scope="session")
def _shared_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    simulator = Simulator(tmp_path_factory.mktemp("simulator"))
    given = emulator.command()
    with emulator.other(simulator.folder, given) if given else contextlib.nullcontext():
        simulator.start()
        yield simulator
        simulator.stop()


@pytest.fixture
def moto(_shared_simulator: Simulator) -> Simulator:
    """The session's simulator, empty, healthy, without faults and with its counts at 0; `url` is its address."""
    _shared_simulator.start()  # nothing, unless a test ended it
    _shared_simulator.reset()
    return _shared_simulator


@pytest.fixture(scope="module")
def flag_store(request: pytest.FixtureRequest) -> str:
    """Where a sandbox's flags live: Secrets Manager, or what tests/engine/conftest.py says."""
    return str(getattr(request, "param", "secrets-manager"))


@pytest.fixture
def new_sandbox(tmp_path: Path, flag_store: str) -> Iterator[Callable[..., Sandbox]]:
    """Makes sandboxes (see `Sandbox` for the arguments) and closes them all, which fails on a process left behind."""
    made: list[Sandbox] = []

    def make(**options: Any) -> Sandbox:
        folder = postgres.entered(tmp_path) if flag_store == env.DATABASE else tmp_path
        made.append(Sandbox(folder / f"project-{len(made)}", **{"store": flag_store, **options}))
        return made[-1]

    yield make
    left = [line for sandbox in made for line in sandbox.close()]
    assert not left, "processes left behind:\n" + "\n".join(left)


@pytest.fixture
def sandbox(new_sandbox: Callable[..., Sandbox]) -> Sandbox:
    """A project copy of its own with git, simulator, state and an empty stack `local`."""
    return new_sandbox()
