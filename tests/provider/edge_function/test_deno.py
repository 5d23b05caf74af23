"""The edge function's code in a real Deno: checked, linted, its own tests without a permission, and the same people as in Node."""

from __future__ import annotations

import re

import pytest

from rollout.model.ladder import LADDER
from tests import deno, edge
from tests.pure.samples import CATALOGUE

DOMAINS = list(CATALOGUE.domains)
#: Of each domain. The whole agreement, 1,000,000, takes a minute: `python -m tests.deno`.
PEOPLE = 20_000


def test_it_checks_and_lints() -> None:
    files = sorted(path.name for path in edge.CODE.glob("*.ts"))
    for command in ("check", "lint"):
        done = deno.run(command, *files)
        assert done.returncode == 0, done.stderr


def test_its_own_tests_need_no_permission() -> None:
    done = deno.run("test", "--no-prompt", "--no-check")
    assert done.returncode == 0, done.stdout + done.stderr
    written = sum(len(re.findall(r"^test\(", path.read_text(), re.M)) for path in edge.CODE.glob("*.test.ts"))
    assert f"ok | {written} passed | 0 failed" in done.stdout


@pytest.mark.parametrize("module", ["example", "report"])
def test_what_is_served_has_a_default_export_and_asks_for_nothing_when_it_is_read(module: str) -> None:
    assert deno.ask("return [typeof it.default.fetch, Object.keys(it.default)];", modules=[module]) == [
        "function",
        ["fetch"],
    ]


def test_a_wrong_environment_is_named_without_its_values() -> None:
    body = (
        "const told = (env) => { try { it.partsFrom((name) => env[name]); return 'made'; } catch (error) { return error.message; } };"
        "return given.map(told);"
    )
    right = {
        "ROLLOUT_DOMAIN": "jobs", "SUPABASE_URL": "https://x.example", "SUPABASE_SECRET_KEY": "sb_secret_canary",
        "ROLLOUT_LEGACY_URL": "https://legacy.example", "ROLLOUT_STACK": "prod", "ROLLOUT_PEOPLE_SECRET": "c" * 32,
    }  # fmt: skip
    missing = [{key: value for key, value in right.items() if key != name} for name in right]
    odd = [right | {"ROLLOUT_DOMAIN": "mobility"}, right | {"ROLLOUT_PEOPLE_SECRET": "canary"}]
    said = deno.ask(body, [right, *missing, *odd], modules=["example"])
    assert said[0] == "made"
    assert said[1:7] == [f"the environment has no {name}" for name in right]
    assert said[7] == "ROLLOUT_DOMAIN is none of ai-agents, jobs, marketplace, property"
    assert said[8] == "the people's secret has 6 characters, at least 32 are needed"
    assert "canary" not in "".join(said)


def test_deno_and_node_deal_alike() -> None:
    assert deno.agreement(DOMAINS, PEOPLE, [*LADDER]) == {
        "people": PEOPLE,
        "domains": 4,
        "buckets differ": 0,
        "places differ": 0,
    }


#: 300 people of whom half are seen with both names before they turn, in turns, and back.
TURNS = """
const changed = [];
let people = new it.MemoryPeople();
for (const percent of given.percents) {
  for (const domain of it.DOMAINS) {
    for (let number = 0; number < given.people; number++) {
      const [phone, id] = [String(250788000000 + number * 37), `RW.${number * 7919}x`];
      const where = async (...ids) => {
        const [person] = await people.know(domain, [ids]);
        return it.place(person.bucket, percent);
      };
      const first = number % 2 ? await where(phone) : await where(id);
      const places = [await where(phone, id), await where(id), await where(phone), await where(id, phone)];
      if (places.some((place) => place !== first)) changed.push([domain, percent, number]);
    }
  }
  people = new it.MemoryPeople();
}
return changed.length;
"""


def test_nobody_changes_service_when_their_name_turns_within_a_rung() -> None:
    given = {"percents": [*LADDER], "people": 300}
    assert deno.ask(TURNS, given, modules=["aliases", "bucket", "flags"]) == 0
    # Without an alias it is what a second name deals: a part of them.
    without = TURNS.replace("await people.know(domain, [ids])", "[{ bucket: it.bucketOf(domain, ids[0]) }]")
    changed = deno.ask(without, {"percents": [50], "people": 300}, modules=["aliases", "bucket", "flags"])
    assert 0.4 < changed / (300 * 4) < 0.8
