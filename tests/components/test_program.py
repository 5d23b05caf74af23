"""What the program registers, and that bad input ends it before anything is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from rollout.model.alarms import policies
from rollout.model.catalogue import reading as catalogue
from rollout.model.catalogue.domain import protected_by
from tests.components.conftest import Engine

Program = Callable[..., Engine]
HOME = Path(__file__).resolve().parents[2]
KNOWN = catalogue.parse((HOME / "domains.yaml").read_bytes(), "domains.yaml")
LOCAL = (HOME / "Pulumi.local.yaml").read_text()
FLAG_TYPES = ("rollout:index:TrafficFlag", "rollout:index:FlagSecret")

QUIET = """config:
  wa-rollout:on-call:
    who: Ana K.
    reach: "#wa-oncall"
    hours: "08:00-18:00 Africa/Kigali"
  wa-rollout:flags:
    ai-agents:
      percent: 50
    jobs:
      enabled: true
      percent: 5
    marketplace:
      enabled: false
      percent: 0
    property:
      enabled: true
      percent: 0
"""


def test_every_flag_and_its_inputs(program: Program) -> None:
    seen = {item.name: item for item in program(QUIET).seen if item.type in FLAG_TYPES}
    assert set(seen) == {
        "ai-agents-percent", "jobs-percent", "jobs-enabled", "marketplace-percent", "marketplace-enabled",
        "property-percent", "property-enabled",
    }  # fmt: skip
    assert seen["jobs-percent"].inputs == {
        "stack": "test",
        "domain": "jobs",
        "flag": "JOBS_ROLLOUT_PERCENT",
        "percent": 5,
        "rules": KNOWN.domains["jobs"].digest,
        "conditions": {"gate": "required", "drill": "required", "on_call": "08:00-18:00 Africa/Kigali"},
    }
    assert seen["ai-agents-percent"].inputs["flag"] == "UNIFIED_ROLLOUT_PERCENT"
    assert seen["jobs-enabled"].inputs == {
        "stack": "test", "domain": "jobs", "flag": "ENABLE_UNIFIED_JOBS", "enabled": True, "closed": False,
        **{key: seen["jobs-percent"].inputs[key] for key in ("percent", "rules", "conditions")},
    }  # fmt: skip
    assert [seen[f"{name}-percent"].inputs["percent"] for name in KNOWN.domains] == [50, 5, 0, 0]


def test_a_flag_depends_on_nothing_and_nothing_on_a_flag(program: Program) -> None:
    for item in program(LOCAL).seen:
        if item.type in FLAG_TYPES:
            assert item.depends == [], item.name
            assert item.parent == item.inputs["domain"]
        assert not any(kind in urn for urn in item.depends for kind in FLAG_TYPES), item.name


def test_one_row_a_domain_for_its_alarms(program: Program) -> None:
    seen = {item.name: item.inputs for item in program(LOCAL).seen if item.type == "rollout:index:AlertPolicy"}
    assert set(seen) == {f"{name}-alerts" for name in KNOWN.domains}
    for name, domain in KNOWN.domains.items():
        assert seen[f"{name}-alerts"] == policies.row(KNOWN, domain, "test")
        assert set(seen[f"{name}-alerts"]["policies"]) == {policy.name for policy in domain.alerts}


class Slow(Engine):
    """An engine that answers one flag's registration only when an alarm was registered, or after a while."""

    def __init__(self, patience: float) -> None:
        super().__init__()
        self._patience, self._beside = patience, threading.Event()
        self.waited: list[bool] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the name that the SDK calls
        if request.name == "jobs-percent":
            self.waited.append(self._beside.wait(self._patience))
        elif request.type == "rollout:index:AlertPolicy":
            self._beside.set()
        return super().RegisterResource(request)


@pytest.mark.parametrize(("preview", "patience"), [(True, 60), (False, 0.2)])
def test_what_stands_beside_waits_for_the_flags_where_something_moves(
    program: Program, preview: bool, patience: float
) -> None:
    """A failure there must not take a rollback with it; a preview carries nothing out, and saves the wait."""
    engine = Slow(patience)
    program(LOCAL, engine=engine, preview=preview)
    assert engine.waited == [preview]


def test_no_registration_has_a_stack_trace(program: Program) -> None:
    """It would go into the state, with this machine's paths."""
    traces: list[int] = []

    class Looks(Engine):
        def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the name that the SDK calls
            if request.type != "pulumi:pulumi:Stack":
                traces.append(len(request.stackTrace.frames) + request.HasField("sourcePosition"))
            return super().RegisterResource(request)

    program(LOCAL, engine=Looks())
    assert traces
    assert not any(traces)


def test_flags_come_first(program: Program) -> None:
    kinds = [item.type in FLAG_TYPES for item in program(LOCAL).seen if item.type.startswith("rollout:")]
    assert kinds == sorted(kinds, reverse=True), "what stands beside waits for every flag's registration"


def test_nothing_of_a_protected_service(program: Program) -> None:
    for item in program(LOCAL).seen:
        assert not protected_by(f"{item.name} {item.inputs}", KNOWN.protected), item.name


def test_what_is_written_of_one_domain_reaches_that_domain_alone(program: Program) -> None:
    held = QUIET + "  wa-rollout:held:\n    jobs:\n      why: INC-9\n      by: Ana K.\n"
    seen = {item.name: item for item in program(held).seen}
    assert seen["jobs-percent"].inputs["conditions"]["held"] == "INC-9; Ana K."
    assert "held" not in seen["property-percent"].inputs["conditions"]
    frozen = QUIET + "  wa-rollout:freeze:\n    why: INC-7\n    by: Ana K.\n"
    seen = {item.name: item for item in program(frozen).seen}
    assert all(seen[f"{name}-percent"].inputs["conditions"]["frozen"] == "INC-7; Ana K." for name in KNOWN.domains)


@pytest.mark.parametrize(
    "entry",
    [
        "freeze: soon",
        "held:\n    jobs: yes please",
        "breach:\n    jobs:\n      attempt: x",
        "waivers: 5",
        "restore:\n    jobs:\n      until: tomorrow",
        "checked: [a]",
    ],
)
def test_a_malformed_entry_still_registers_every_flag(program: Program, entry: str) -> None:
    """Else a typing error beside it would keep a rollback from happening."""
    seen = program(f"{QUIET}  wa-rollout:{entry}\n").seen
    assert sum(item.type in FLAG_TYPES for item in seen) == 7


PERCENTS = [
    '"50%"', '""', "null", "true", "12.5", "12", "-5", ".nan", "1e2", "012", "[5]", "{a: 5}", '"5"', "0x5", "",
    "!!int 5", "!!python/object:os.system 5",
]  # fmt: skip
BAD: dict[str, str | bytes] = {
    **{f"percent {text}": QUIET.replace("percent: 50", f"percent: {text}") for text in PERCENTS},
    "enabled false above 0": QUIET.replace("enabled: true\n      percent: 5", "enabled: false\n      percent: 5"),
    "unknown domain": QUIET.replace("    jobs:\n", "    job:\n"),
    "protected": QUIET.replace("    jobs:\n", "    mobility:\n"),
    "unknown key": QUIET + "  wa-rollout:frezze: x\n",
    "no namespace": QUIET + "  percent: 5\n",
    "no flags": "config:\n  wa-rollout:gate: required\n",
    "empty": "",
    "BOM": b"\xef\xbb\xbf" + QUIET.encode(),
    "UTF-8": QUIET.encode() + b"  # \xff\n",
    "twice": QUIET + "  wa-rollout:gate: required\n  wa-rollout:gate: required\n",
    "tab": QUIET + "\t\n  wa-rollout:gate:\trequired\n",
    "large": QUIET + "  # " + "x" * 10_000_000 + "\n",
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_ends_the_run_before_anything_is_registered(program: Program, name: str) -> None:
    engines: list[Engine] = []
    with pytest.raises(pulumi.RunError) as caught:
        program(BAD[name], into=engines)
    assert engines[0].seen == []
    assert len(str(caught.value)) < 5000, "a large file isn't printed back"
    assert "Pulumi.test.yaml" in str(caught.value)


def test_another_config_than_the_file_is_refused(program: Program) -> None:
    engines: list[Engine] = []
    with pytest.raises(pulumi.RunError, match="is not what Pulumi was given"):
        program(QUIET, given={"wa-rollout:flags": "{}"}, into=engines)
    assert engines[0].seen == []
