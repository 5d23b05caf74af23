"""Who may import whom: the contracts of pyproject.toml hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).resolve().parents[2]


def test_every_import_keeps_to_the_contracts(capsys: pytest.CaptureFixture[str]) -> None:
    found = lint_imports(
        config_filename=str(ROOT / "pyproject.toml"), cache_dir=str(ROOT / ".tools/cache/importlinter")
    )
    assert found == EXIT_STATUS_SUCCESS, capsys.readouterr().out
