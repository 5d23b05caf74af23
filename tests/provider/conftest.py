"""Fixtures of the provider tier: a store and the resource kinds on the session's simulator."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from rollout.provider.judging.context import Context
from rollout.provider.settings import Settings
from rollout.provider.stores import secrets_manager
from rollout.provider.stores.secrets_manager import SecretsManager
from rollout.simulator.simulator import Simulator
from tests.harness import READING
from tests.provider.desk import Desk

NOW = datetime(2026, 12, 9, 9, 0, tzinfo=UTC)
CANARY = "CANARY-5f3a-never-shown"


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that no text may ever show, and one try a call, so that each fault is seen."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CANARY)
    monkeypatch.setattr(secrets_manager, "ATTEMPTS", 1)


@pytest.fixture
def settings(moto: Simulator) -> Settings:
    return Settings(region="eu-west-1", endpoint=moto.url, unified_url=moto.url, virtual_now=NOW)


@pytest.fixture
def store(settings: Settings) -> SecretsManager:
    return SecretsManager(settings)


@pytest.fixture
def desk(settings: Settings) -> Desk:
    """The resource kinds, as a fresh provider process has them."""
    return Desk(Context(settings, SecretsManager(settings)))


@pytest.fixture
def fault(moto: Simulator) -> Callable[..., None]:
    """`fault("PutSecretValue", status=500, ...)`: see rollout/simulator/endpoint.py; several add up."""
    told: list[dict[str, Any]] = []

    def tell(action: str | None, **how: Any) -> None:
        told.append({**({"target": f"secretsmanager.{action}"} if action else {}), **how})
        moto.call("PUT", "/faults", {"fail": told})

    return tell


@pytest.fixture
def written(moto: Simulator) -> Callable[[], dict[str, int]]:
    """The write calls since the test began (or the last ask), by action."""

    def ask() -> dict[str, int]:
        counted = moto.call("DELETE", "/calls")
        return {key: number for key, number in counted.items() if not key.partition(".")[2].startswith(READING)}

    return ask
