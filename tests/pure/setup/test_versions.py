"""Engine and SDK stand in one place, and what has to repeat them says the same."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from rollout.provider.wire import awaiting

ROOT = Path(__file__).resolve().parents[3]
SETUP = ROOT / "setup"
VERSIONS = dict(re.findall(r"(?m)^(\w+)=(.+)$", (SETUP / "versions").read_text()))


def test_the_requirements_and_the_modules_have_the_pinned_versions() -> None:
    assert f"pulumi=={VERSIONS['sdk']}\n" in (ROOT / "requirements.in").read_text()
    for name in ("requirements.txt", "requirements-dev.txt"):
        assert f"\npulumi=={VERSIONS['sdk']} \\\n" in (ROOT / name).read_text()
    modules = (SETUP / "engine" / "cli" / "go.mod").read_text()
    for part in ("pkg", "sdk"):
        assert f"github.com/pulumi/pulumi/{part}/v3 v{VERSIONS['engine']} " in modules
    host = (SETUP / "engine" / "python-host" / "go.mod").read_text()
    assert f"github.com/pulumi/pulumi/sdk/v3 v{VERSIONS['host']} " in host
    assert f"pulumi-command=={VERSIONS['command_plugin']}\n" in (ROOT / "requirements.in").read_text()


def test_the_pages_say_them() -> None:
    page = (ROOT / "docs" / "engines.md").read_text()
    assert f"**engine {VERSIONS['engine']}, SDK {VERSIONS['sdk']}**" in page
    assert f"**{VERSIONS['oldest']}**" in page
    assert f"From\nengine {awaiting.SINCE.rpartition('.')[0]} on" in page
    assert f"`pulumi` >= {VERSIONS['oldest']}\n" in (ROOT / "README.md").read_text()
    assert f"Pulumi {VERSIONS['engine']} ready" in (ROOT / "README.md").read_text()


@pytest.mark.processes
@pytest.mark.parametrize("version", ["", "newest", "v3.259.0", "3.259"])
def test_a_version_that_is_none_is_refused_before_anything_is_made(version: str) -> None:
    asked = ["sh", "setup/engine.sh", version]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "which version?" in done.stderr
    assert not version or not (ROOT / ".tools" / "engines" / version).exists()
