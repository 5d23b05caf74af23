"""The same secrets and alarms in Terraform, on the same simulator: plan against preview, apply against up, the first create.

Only what both make is compared: Terraform has flags and alarms; our side has topics, dashboards and the judge as well.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

from rollout.model.alarms import alarm as alarms
from rollout.model.catalogue.domain import Catalogue
from rollout.model.flag.name import secret_name
from tests.bench import scale
from tests.bench.speed import NOW
from tests.bench.timing import Compared, in_turns
from tests.harness import Sandbox

#: A folder of providers in the layout of a registry mirror; without it, what the user's own Terraform is set to.
PLUGIN_DIR = "TF_PLUGIN_DIR"
#: Stands where ours has `local`: two tools on one simulator can't own one name.
STACK = "terraform"

MAIN = """
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "endpoint" {
  type = string
}

variable "flags" {
  type = map(object({ domain = string, value = string }))
}

variable "alarms" {
  type = map(object({
    description = string
    expression  = string
    queries     = map(object({ metric = string, stat = string }))
    namespace   = string
    dimensions  = map(string)
    period      = number
    evaluations = number
    datapoints  = number
    comparison  = string
    threshold   = number
    missing     = string
    on_alarm    = list(string)
    on_ok       = list(string)
    on_silence  = list(string)
  }))
}

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "testing"
  secret_key                  = "testing"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  skip_region_validation      = true

  endpoints {
    secretsmanager = var.endpoint
    cloudwatch     = var.endpoint
  }
}

resource "aws_secretsmanager_secret" "flag" {
  for_each    = var.flags
  name        = each.key
  description = "Flag of wa-webhook-unified, managed by Terraform."
  tags        = { domain = each.value.domain, stack = "terraform", managed-by = "terraform" }
}

resource "aws_secretsmanager_secret_version" "flag" {
  for_each      = var.flags
  secret_id     = aws_secretsmanager_secret.flag[each.key].id
  secret_string = each.value.value
}

resource "aws_cloudwatch_metric_alarm" "policy" {
  for_each                  = var.alarms
  alarm_name                = each.key
  alarm_description         = each.value.description
  evaluation_periods        = each.value.evaluations
  datapoints_to_alarm       = each.value.datapoints
  comparison_operator       = each.value.comparison
  threshold                 = each.value.threshold
  treat_missing_data        = each.value.missing
  alarm_actions             = each.value.on_alarm
  ok_actions                = each.value.on_ok
  insufficient_data_actions = each.value.on_silence

  dynamic "metric_query" {
    for_each = each.value.queries
    content {
      id          = metric_query.key
      return_data = each.value.expression == ""
      metric {
        namespace   = each.value.namespace
        metric_name = metric_query.value.metric
        dimensions  = each.value.dimensions
        period      = each.value.period
        stat        = metric_query.value.stat
      }
    }
  }

  dynamic "metric_query" {
    for_each = each.value.expression == "" ? [] : [each.value.expression]
    content {
      id          = "watched"
      expression  = metric_query.value
      return_data = true
    }
  }
}
"""


class Terraform:
    """A Terraform project of the flags and alarms of a catalogue, in a folder of its own."""

    def __init__(self, folder: Path, known: Catalogue, url: str) -> None:
        self._folder = folder
        folder.mkdir(parents=True)
        (folder / "main.tf").write_text(MAIN)
        self._flags = {
            secret_name(STACK, flag): {"domain": domain.name, "value": value}
            for domain in known.domains.values()
            for flag, value in zip(domain.flags, ("5", "true"), strict=False)
        }
        self._first = next(iter(self._flags))
        self._rest = {
            "endpoint": url, "alarms": {alarm.name: _variable(alarm) for _, _, alarm in alarms.wanted(known, STACK)}
        }  # fmt: skip
        self.set("5")

    @property
    def resources(self) -> int:
        """A flag is two of Terraform's resources: the secret and its version."""
        return 2 * len(self._flags) + len(self._rest["alarms"])

    def set(self, percent: str) -> None:
        """The diff of a move: one value of the variables' file."""
        self._flags[self._first]["value"] = percent
        text = json.dumps({**self._rest, "flags": self._flags}, indent=1)
        (self._folder / "terraform.tfvars.json").write_text(text)

    def why_not(self) -> str:
        """Installs the provider; a line that says why there is none, else nothing."""
        if shutil.which("terraform") is None:
            return "Terraform isn't on PATH: not compared"
        plugins = os.environ.get(PLUGIN_DIR)
        done = self._start("init", *([f"-plugin-dir={plugins}"] if plugins else []))
        if done.returncode:
            return f"Terraform's AWS provider wasn't found ({PLUGIN_DIR}, or Terraform's own config): not compared"
        return ""

    def versions(self) -> str:
        """Terraform's and its provider's."""
        done = self._start("version", "-json", quiet=True)
        told = json.loads(done.stdout)
        provider = next(iter(told["provider_selections"].values()), "?")
        return f"Terraform v{told['terraform_version']}, AWS provider v{provider}"

    def plan(self) -> None:
        self._run("plan")

    def apply(self) -> None:
        self._run("apply", "-auto-approve")

    def _run(self, *command: str) -> None:
        done = self._start(*command)
        assert done.returncode == 0, f"terraform {' '.join(command)}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"

    def _start(self, *command: str, quiet: bool = False) -> subprocess.CompletedProcess[str]:
        options = [] if quiet else ["-input=false", "-no-color"]
        own = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}  # no look-up of a newer version: ours makes none too
        return subprocess.run(
            ["terraform", *command, *options], cwd=self._folder, env={**os.environ, **own},
            capture_output=True, text=True, check=False, timeout=scale.PATIENCE, stdin=subprocess.DEVNULL,
        )  # fmt: skip


def _variable(alarm: alarms.Alarm) -> dict[str, Any]:
    def topics(names: tuple[str, ...]) -> list[str]:
        return [f"arn:aws:sns:eu-west-1:123456789012:{name}" for name in names]

    return {
        "description": alarm.description,
        "expression": alarm.expression,
        "queries": {key: {"metric": query.metric, "stat": query.stat} for key, query in alarm.queries.items()},
        "namespace": alarm.namespace,
        "dimensions": alarm.dimensions,
        "period": alarm.period,
        "evaluations": alarm.evaluation_periods,
        "datapoints": alarm.datapoints,
        "comparison": alarm.comparison,
        "threshold": alarm.threshold,
        "missing": alarm.treat_missing_data,
        "on_alarm": topics(alarm.alarm_actions),
        "on_ok": topics(alarm.ok_actions),
        "on_silence": topics(alarm.insufficient_data_actions),
    }


def ahead(found: Compared, least: float, aim: float) -> str:
    """One row of Terraform / ours: here more is better."""
    reached = "aim met" if found.ratio >= aim else "within the limit" if found.ratio >= least else "under the limit"
    return f"{found.line()}  (at least {least:g}, aim {aim:g}: {reached})"


def run(folder: Path, runs: int, say: Callable[[str], None]) -> None:
    """Prints both sizes, or one line where Terraform or its provider is missing."""
    small = Sandbox(folder / "four")
    if compare(small, runs, say, env=NOW, plan=(3.5, 4), apply=(4, 6)):
        compare(scale.sandbox(folder / "hundred"), runs, say, env=scale.UP, plan=(3, 4), apply=(3, 4))


def compare(
    box: Sandbox, runs: int, say: Callable[[str], None], *,
    env: dict[str, str], plan: tuple[float, float], apply: tuple[float, float],
) -> bool:  # fmt: skip
    """The first create once each, then plan and apply in turns with ours; whether there was a Terraform to compare.

    `env`: of our preview and `up`; `plan` and `apply`: the least that Terraform's time is to be in ours, and the aim.
    """
    up = partial(scale.up, box, env)
    try:
        known = scale.read_catalogue(box)
        theirs = Terraform(box.folder / ".local" / "terraform", known, box.url)
        if missing := theirs.why_not():
            say(missing)
            return False
        created = _seconds(theirs.apply), _seconds(up)
        rows = sum(row["type"].startswith("rollout:") for row in box.export_state()["resources"])
        size = f"{len(known.domains)} domains"
        say(f"{theirs.versions()}; {size}, {theirs.resources} of its resources, {rows} of ours; n = {runs} pairs")
        say(f"{size}: first create, once each: Terraform {created[0]:.1f} s, ours {created[1]:.1f} s")
        reviewed = in_turns(
            f"{size}: terraform plan / preview, both refresh", theirs.plan, lambda: scale.preview(box, env=env), runs
        )
        say(ahead(reviewed, *plan))
        say(f"    Terraform: {scale.said(scale.calls(box, theirs.plan))}")
        say(f"    ours: {scale.said(scale.calls(box, lambda: scale.preview(box, env=env)))}")
        ours, percents = scale.turn(box, next(iter(known.domains))), cycle("05")

        def change() -> None:
            theirs.set(next(percents))
            ours()

        moved = in_turns(f"{size}: terraform apply / up, one flag", theirs.apply, up, runs, between=change)
        say(ahead(moved, *apply))
        return True
    finally:
        box.close()


def _seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started
