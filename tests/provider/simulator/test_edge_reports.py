"""The edge function's two AWS calls on the simulator: it obeys what is live, and the gate's reader counts what it reports."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from rollout.model.gate.window import MINUTE, Window
from rollout.provider.aws.calls import Aws
from rollout.provider.settings import Settings
from rollout.provider.sources.cloudwatch import CloudWatch
from rollout.simulator.simulator import Simulator
from tests import edge
from tests.harness import client
from tests.provider.desk import Desk

#: `signed` without a signature: the simulator reads the service's name there, and checks nothing.
SIGNED = """
const signed = (service) => (url, init) => fetch(url, { ...init, headers: { ...init.headers, Authorization:
  `AWS4-HMAC-SHA256 Credential=testing/20261209/eu-west-1/${service}/aws4_request, SignedHeaders=host, Signature=0` } });
const at = (module) => import(new URL(module + ".js", given.base));
const { Flags, DOMAINS } = await at("flags");
const { report, request, feature, sessionBegan } = await at("counters");
const { MemoryLedger } = await at("ledger");
"""
FLAGS = f"""{SIGNED}
const flags = new Flags({{ stack: given.stack, read: it.readSecrets(signed("secretsmanager"), given.url), warn: () => 0 }});
return Object.fromEntries(await Promise.all(DOMAINS.map(async (d) => [d, await flags.percent(d)])));
"""
REPORT = f"""{SIGNED}
const ledger = new MemoryLedger(() => given.start);
await ledger.add("jobs", request(1300, false));
await ledger.add("jobs", request(90, true));
await ledger.add("jobs", sessionBegan);
await ledger.add("jobs", feature("jobs", "applications", true));
await ledger.add("property", feature("property", "contacts", false));
const send = it.putMetricData(signed("monitoring"), given.url);
const run = () => report(ledger, send, given.start + 120_000);
return [await run(), await run()];
"""


def run(moto: Simulator, body: str, **given: Any) -> Any:
    return edge.ask("aws", body, {"base": f"{edge.built().as_uri()}/", "url": moto.url, **given})


def test_it_obeys_what_is_live(moto: Simulator, desk: Desk) -> None:
    desk.climb("ai-agents", 5)
    store = client(moto.url, "secretsmanager")
    for flag, text in {
        "JOBS_ROLLOUT_PERCENT": " 25\n", "ENABLE_UNIFIED_JOBS": "true",
        "PROPERTY_ROLLOUT_PERCENT": "10", "ENABLE_UNIFIED_PROPERTY": "false",
    }.items():  # fmt: skip
        store.create_secret(Name=f"wa-webhook-unified/test/{flag}", SecretString=text)
    assert run(moto, FLAGS, stack="test") == {"ai-agents": 5, "jobs": 25, "marketplace": 0, "property": 0}


def test_the_gates_reader_finds_each_counter_once_with_zeros(moto: Simulator, desk: Desk, settings: Settings) -> None:
    start = datetime(2026, 12, 9, 8, 30, tzinfo=UTC)
    assert run(moto, REPORT, start=start.timestamp() * 1000) == [True, False]
    window = Window(start - MINUTE, start + timedelta(minutes=3), MINUTE)
    unified = desk.context.catalogue.unified
    bad_and_good = {
        "jobs": {"Requests": 2, "Errors": 1, "SlowRequests": 1, "Sessions": 1, "Applications": 1, "UndeliveredApplications": 1},
        "property": {"OwnerContacts": 1},
    }  # fmt: skip
    for name, domain in desk.context.catalogue.domains.items():
        counters = {counter for metric in domain.metrics for counter in (metric.bad, metric.total) if counter}
        found = CloudWatch(Aws(settings)).read(name, [(unified, counter) for counter in counters], window)
        wanted = {counter: bad_and_good.get(name, {}).get(counter, 0) for counter in counters}
        assert found == {(unified, counter): {start: (value, 1)} for counter, value in wanted.items()}


def test_its_latencies_arrive_as_a_distribution(moto: Simulator) -> None:
    start = datetime(2026, 12, 9, 8, 30, tzinfo=UTC)
    run(moto, REPORT, start=start.timestamp() * 1000)
    answer = client(moto.url, "cloudwatch").get_metric_statistics(
        Namespace="WaWebhook", MetricName="Latency", StartTime=start, EndTime=start + MINUTE, Period=60,
        Dimensions=[{"Name": "Service", "Value": "wa-webhook-unified"}, {"Name": "Domain", "Value": "jobs"}],
        Statistics=["SampleCount", "Maximum", "Minimum"],
    )  # fmt: skip
    (datum,) = answer["Datapoints"]
    assert (datum["SampleCount"], datum["Minimum"], datum["Maximum"]) == (2, 100, 1300)
