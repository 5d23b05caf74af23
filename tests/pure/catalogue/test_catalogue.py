"""The catalogue: the seed's numbers in the project's own file, and every contradiction that is refused."""

from __future__ import annotations

import pytest

from rollout.model.catalogue.domain import PROTECTED, AlertPolicy, ChecklistItem, Metric, Prerequisite
from rollout.model.problem import BadInput
from tests.pure.samples import CATALOGUE, DOMAINS, read_catalogue, refused, swap

#: The table of docs/rules/gate.md#the-metrics-contract: name -> bad, total, good, bad level, action, needs
COMMON = {
    "errors": ("Errors", "Requests", 0.001, 0.01, "rollback-previous", "proof"),
    "latency": ("SlowRequests", "Requests", 0.05, 0.1, "investigate", "proof"),
    "sessions": ("BrokenSessions", "Sessions", 0.0005, 0.005, "rollback-zero", "proof"),
    "complaints": ("Complaints", None, 3, 3, "investigate", "presence"),
}
FEATURE = (0.02, 0.04, "rollback-previous", "presence")
MONEY = (0.001, 0.01, "rollback-previous", "presence")
METRICS = {
    "ai-agents": COMMON,
    "jobs": COMMON | {
        "posting": ("FailedJobPosts", "JobPosts", *FEATURE),
        "search": ("SlowJobSearches", "JobSearches", 0.05, 0.1, "hold", "presence"),
        "applications": ("UndeliveredApplications", "Applications", 0.01, 0.02, "rollback-previous", "presence"),
        "notifications": ("UnsentNotifications", "Notifications", 0.05, 0.1, "rollback-previous", "presence"),
    },
    "marketplace": COMMON | {
        "listings": ("FailedListings", "Listings", *FEATURE),
        "media": ("FailedMediaUploads", "MediaUploads", *FEATURE),
        "search": ("FailedSearches", "Searches", *FEATURE),
        "transactions": ("FailedTransactions", "Transactions", *MONEY),
        "payments": ("FailedPayments", "Payments", *MONEY),
    },
    "property": COMMON | {
        "listings": ("FailedListings", "Listings", *FEATURE),
        "rentals": ("FailedRentalApplications", "RentalApplications", *FEATURE),
        "search": ("FailedSearches", "Searches", *FEATURE),
        "contacts": ("FailedOwnerContacts", "OwnerContacts", *FEATURE),
        "viewings": ("FailedViewings", "Viewings", *FEATURE),
    },
}  # fmt: skip
FLAGS = {
    "ai-agents": ("UNIFIED_ROLLOUT_PERCENT",),
    "jobs": ("JOBS_ROLLOUT_PERCENT", "ENABLE_UNIFIED_JOBS"),
    "marketplace": ("MARKETPLACE_ROLLOUT_PERCENT", "ENABLE_UNIFIED_MARKETPLACE"),
    "property": ("PROPERTY_ROLLOUT_PERCENT", "ENABLE_UNIFIED_PROPERTY"),
}
CHECKLIST = {
    "ai-agents": {
        "deployed": 5, "support-staff": 5, "database": 5, "all-agents": 5, "dashboard": 5, "answer-quality": 25,
        "database-driven-config": 25,
    },
    "jobs": {
        "deployed": 5, "support-staff": 5, "tested-in-staging": 5, "dashboard": 5, "employer-dashboard": 10, "payments": 25,
        "no-data-lost": 100,
    },
    "marketplace": {"deployed": 5, "support-staff": 5, "tested-in-staging": 5},
    "property": {"deployed": 5, "support-staff": 5, "tested-in-staging": 5},
}  # fmt: skip


@pytest.mark.parametrize("name", list(FLAGS))
def test_the_seeds_numbers(name: str) -> None:
    domain = CATALOGUE.domains[name]
    assert domain.flags == FLAGS[name]
    assert domain.legacy == f"wa-webhook-{name}"
    assert domain.soak_hours == ({5: 48, 10: 48 if name == "ai-agents" else 24, 25: 24, 50: 24, 100: 48})
    assert {m.name: (m.bad, m.total, m.good, m.bad_level, m.action, m.needs) for m in domain.metrics} == METRICS[name]
    assert {item.name: item.before for item in domain.checklist} == CHECKLIST[name]
    assert set(domain.expected_per_day) == set(METRICS[name]) - {"complaints"}


def test_the_whole() -> None:
    assert list(CATALOGUE.domains) == ["ai-agents", "jobs", "marketplace", "property"]
    assert (CATALOGUE.unified, CATALOGUE.protected, CATALOGUE.soak_slack_hours) == (
        "wa-webhook-unified",
        PROTECTED,
        2.0,
    )
    assert CATALOGUE.domains["jobs"].prerequisites == (Prerequisite("ai-agents", 100, 24),)
    both = (Prerequisite("ai-agents", 100, 48), Prerequisite("jobs", 100, 48))
    assert CATALOGUE.domains["marketplace"].prerequisites == both
    assert CATALOGUE.domains["property"].prerequisites == both
    assert CATALOGUE.domains["ai-agents"].metrics[3] == Metric(
        "complaints", "Complaints", None, 3, 3, "investigate", "presence", good_at_first_rung=0
    )


def test_one_alarm_per_metric_at_its_bad_level() -> None:
    for domain in CATALOGUE.domains.values():
        for metric, alert in zip(domain.metrics, domain.alerts, strict=True):
            assert (alert.name, alert.metric, alert.action) == (metric.name, metric.name, metric.action)
            if alert.unit == "ratio":
                assert alert.threshold == metric.bad_level
                assert alert.minimum_events * metric.bad_level > 1, "one bad event alone must not raise the alarm"
    by_name = {alert.name: alert for alert in CATALOGUE.domains["ai-agents"].alerts}
    assert by_name["latency"] == AlertPolicy("latency", "latency", 2000, "milliseconds", 300, 1, 50, "investigate")
    assert by_name["complaints"] == AlertPolicy("complaints", "complaints", 3, "count", 86400, 1, 0, "investigate")


def test_probes() -> None:
    items = {item.name: item for item in CATALOGUE.domains["ai-agents"].checklist}
    ask = items["all-agents"].ask
    assert items["all-agents"] == ChecklistItem("all-agents", "probe", ask, 5, "{unified}/health", 200, "agents", 8)
    assert {name: (item.field, item.equals) for name, item in items.items() if item.kind == "probe"} == {
        "deployed": ("status", "ok"), "database": ("database", "ok"), "all-agents": ("agents", 8),
        "database-driven-config": ("config", "database"),
    }  # fmt: skip


#: (old, new, what is said, in which key); the old text stands exactly once in domains.yaml
WRONG = [
    ("unified: wa-webhook-unified", "unfied: x\nunified: wa-webhook-unified", "unknown key unfied", "unfied"),
    ("unified: wa-webhook-unified", "unified: wa-webhook-mobility", "belongs to the protected service", "unified"),
    ("unified: wa-webhook-unified", "unified: [a]", "unified is not text", "unified"),
    ("  - wa-webhook-profile\n", "", "wa-webhook-profile must stay protected", "protected"),
    ("  - wa-webhook-profile\n", "  - 7\n", "protected is no list", "protected"),
    ("soak-slack-hours: 2\n", "soak-slack-hours: 1e1\n", "soak-slack-hours is not a whole number", "soak-slack-hours"),
    ("soak-slack-hours: 2\n", "", "soak-slack-hours is missing", "soak-slack-hours"),
    ("  jobs:\n    legacy", "  Jobs_1:\n    legacy", "not in kebab-case", "domains.Jobs_1"),
    ("  jobs:\n    legacy", "  mobility:\n    legacy", "the domain mobility belongs to the protected", "domains.mobility"),
    ("legacy: wa-webhook-jobs", "legacy: wa-webhook-insurance", "belongs to the protected service", "domains.jobs.legacy"),
    ("legacy: wa-webhook-jobs", "legacy: wa-webhook-%69nsurance", "belongs to the protected service", "domains.jobs.legacy"),
    ("legacy: wa-webhook-jobs", 'legacy: "wa-webhook-jobs\\u202e"', "legacy has a character that no reader sees (U+202E)", "domains.jobs.legacy"),
    ("legacy: wa-webhook-jobs", "legacy: wa-webhook-unified", "the unified service itself", "domains.jobs.legacy"),
    ("legacy: wa-webhook-jobs", "legacy: https://x", "legacy is no service name", "domains.jobs.legacy"),
    ("legacy: wa-webhook-jobs", "legacies: x", "legacy is missing", "domains.jobs.legacy"),
    ("percent-flag: JOBS_ROLLOUT_PERCENT", "percent-flag: MOBILITY_ROLLOUT_PERCENT", "wa-webhook-mobility", "percent-flag"),
    ("percent-flag: JOBS_ROLLOUT_PERCENT", "percent-flag: MY_PROFILE", "wa-webhook-profile", "percent-flag"),
    ("enable-flag: ENABLE_UNIFIED_JOBS", "enable-flag: ENABLE_INSURANCE", "wa-webhook-insurance", "enable-flag"),
    ("enable-flag: ENABLE_UNIFIED_JOBS", "enable-flag: enable", "no name of an environment variable", "enable-flag"),
    ("enable-flag: ENABLE_UNIFIED_JOBS", "enable-flag: UNIFIED_ROLLOUT_PERCENT", "is used twice", "domains.jobs"),
    ("enable-flag: ENABLE_UNIFIED_JOBS", "enable-flag: JOBS_ROLLOUT_PERCENT", "is used twice", "domains.jobs"),
    ("10: 24                      # day 10", "15: 24", "soak for 15, which is no rung", "domains.jobs.soak-hours.15"),
    ("10: 24                      # day 10", "0: 24", "soak for 0, which is no rung", "domains.jobs.soak-hours.0"),
    ("10: 24                      # day 10", "10: 0", "10 is not a whole number", "domains.jobs.soak-hours.10"),
    ("10: 24                      # day 10", "10: 24h", "10 is not a whole number", "domains.jobs.soak-hours.10"),
    ("    10: 24                      # day 10", "", "10 is missing", "domains.jobs.soak-hours"),
    ("        hours: 24  ", "        hours: a day ", "hours is not a whole number", "domains.jobs.prerequisites.ai-agents.hours"),
    ("good: 0.1%                  # seed, day", "good: 1%  #", "contradict each other", "common.metrics.errors.good"),
    ("good: 0.1%                  # seed, day", "good: 0.001  #", "good is not a rate", "common.metrics.errors.good"),
    ("good: 0.1%                  # seed, day", "good: 0%  #", "can't be proven", "common.metrics.errors.good"),
    ("good: 0.1%                  # seed, day", "good: 200%  #", "good is over 100%", "common.metrics.errors.good"),
    ("good: 3  ", "good: 4  ", "contradict each other", "common.metrics.complaints.good"),
    ("good: 3  ", "good: 3%  ", "good is not a whole number", "common.metrics.complaints.good"),
    ("good-at-first-rung: 0", "good-at-first-rung: 9", "the first rung allows more", "good-at-first-rung"),
    ("bad: SlowRequests", "bad: Requests", "the same counter", "common.metrics.latency.total"),
    ("bad: SlowRequests", "bad: slow requests", "no name of a counter", "common.metrics.latency.bad"),
    ("action: rollback-zero", "action: rollback", "none of the words allowed", "common.metrics.sessions.action"),
    ("action: hold ", "actoin: hold ", "unknown key actoin", "domains.jobs.metrics.search.actoin"),
    ("over: 2000 ms", "over: 2 s", "over is no duration", "common.metrics.latency.alert.over"),
    ("period-seconds: 300", "period-seconds: 0", "period-seconds is not a whole number", "common.alert-defaults"),
    ("    minimum-events: 50\n", "", "no minimum-events", "alert"),
    ("      posting:\n        bad", "      errors:\n        bad", "errors stands in common already", "domains.jobs.metrics"),
    ("      posting: 200", "      postings: 200", "no metric postings", "domains.jobs.expected-per-day.postings"),
    ("      employer-dashboard:\n        kind: attested", "      employer-dashboard:\n        kind: asked", "none of the words", "kind"),
    ("        before: 10\n", "        before: 15\n", "before is no rung", "domains.jobs.checklist.employer-dashboard.before"),
    ("        equals: 8\n", "", "field and equals stand alone", "domains.ai-agents.checklist.all-agents.field"),
    ("        equals: 8\n", "        equals: 08\n", "nothing to compare with", "domains.ai-agents.checklist.all-agents.equals"),
    ('      url: "{unified}/health"\n      status', '      url: "file:///etc"\n      status', "none that a probe can ask", "url"),
    ('      url: "{unified}/health"\n      status', '      url: "https://wa-webhook-profile/x"\n      status',
     "belongs to the protected service wa-webhook-profile", "checklist"),
    ("      status: 200\n", "      status: ok\n", "status is not a whole number", "common.checklist.deployed.status"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "what", "key"), WRONG, ids=[f"{w[1]}"[:40] for w in WRONG])
def test_refused(old: str, new: str, what: str, key: str) -> None:
    problems = refused(read_catalogue, swap(DOMAINS, old, new))
    problem = next((one for one in problems if what in one.what), None)
    assert problem is not None, [one.what for one in problems]
    assert problem.where.startswith("domains.yaml:")
    assert key in problem.where
    assert problem.allowed
    assert len(set(problems)) == len(problems), "each is said once, those of `common`, too"


def test_prerequisites_on_nobody_and_in_a_circle() -> None:
    nobody = swap(
        DOMAINS, "      ai-agents:                  # seed, week 5", "      ai-agnets:                  # seed"
    )
    assert refused(read_catalogue, nobody)[0].what == "jobs waits for the unknown domain ai-agnets"
    assert refused(read_catalogue, nobody)[0].do == "did you mean ai-agents?"
    circle = swap(
        DOMAINS,
        "    expected-per-day:             # AN ASSUMPTION, to be",
        "    prerequisites:\n      jobs:\n        percent: 100\n        hours: 24\n    expected-per-day: # to be",
    )
    said = [problem.what for problem in refused(read_catalogue, circle)]
    assert said == ["ai-agents waits for itself", "jobs waits for itself"]
    itself = circle.replace(b"    prerequisites:\n      jobs:", b"    prerequisites:\n      ai-agents:")
    assert refused(read_catalogue, itself)[0].what == "ai-agents waits for itself"


def test_no_domains_and_no_common() -> None:
    assert refused(read_catalogue, b"unified: a\n")[0].allowed
    empty = DOMAINS[: DOMAINS.index(b"domains:\n")] + b"domains: {}\n"
    assert refused(read_catalogue, empty)[0].what == "no domain"


def test_the_digest_changes_with_a_domains_rules_and_with_nothing_else() -> None:
    before = {name: domain.digest for name, domain in CATALOGUE.domains.items()}
    assert all(len(digest) == 16 and int(digest, 16) >= 0 for digest in before.values())
    assert len(set(before.values())) == 4

    def changed(old: str, new: str) -> set[str]:
        after = read_catalogue(swap(DOMAINS, old, new)).domains
        return {name for name, digest in before.items() if after[name].digest != digest}

    everyone = set(before)
    assert changed("good: 0.1%                  # seed, day", "good: 0.2% #") == everyone
    assert changed("soak-slack-hours: 2\n", "soak-slack-hours: 3\n") == everyone
    assert changed("over: 2000 ms", "over: 1999 ms") == everyone
    assert changed("10: 24                      # day 10", "10: 25") == {"jobs"}
    assert changed("        hours: 24  ", "        hours: 25  ") == {"jobs"}
    assert changed("        before: 10\n", "        before: 25\n") == {"jobs"}
    assert changed("        equals: 8\n", "        equals: 9\n") == {"ai-agents"}
    assert changed("legacy: wa-webhook-jobs", "legacy: wa-webhook-jobs-2") == {"jobs"}
    assert changed("      posting: 200", "      posting: 201") == set()
    assert changed("# The catalogue:", "# Our catalogue:") == set()


def test_the_word_that_keeps_a_sections_key_is_no_domain() -> None:
    """Else an entry of that domain, a held one, would be passed over in silence."""
    text = DOMAINS.replace(b"\n  jobs:\n", b"\n  none:\n", 1)
    assert text != DOMAINS
    with pytest.raises(BadInput, match="none is no domain: in a stack file it keeps a section's key"):
        read_catalogue(text)
