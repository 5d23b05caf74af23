"""The store over HTTP: every way a call fails is one clean line, and a write repeated makes no second version."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from rollout.model.flag.name import FlagName
from rollout.provider.errors import Absent, Exists, Scheduled, StoreError
from rollout.provider.settings import Settings
from rollout.provider.stores import at_once, one_write, secrets_manager, writing
from rollout.provider.stores.one_write import token
from rollout.provider.stores.secrets_manager import SecretsManager
from rollout.provider.stores.snapshot import Snapshot
from rollout.provider.stores.store import Entry
from rollout.simulator.simulator import Simulator
from tests.provider.conftest import CANARY
from tests.provider.memory import MemoryStore

NAME = FlagName("test", "jobs", "JOBS_ROLLOUT_PERCENT")
SECRET = NAME.secret
NOW = datetime(2026, 12, 9, tzinfo=UTC)
Fault = Callable[..., None]

FAILING: list[dict[str, Any]] = [
    {"status": 500},
    {"status": 400, "code": "ThrottlingException"},
    {"status": 429, "code": "Odd"},
    {"status": 200, "body": "<html>garbage</html>"},
    {"status": 200, "body": "{}"},
    {"status": 500, "body": "<html>garbage</html>"},
    {"status": 500, "after": True},
    {"status": 0},
]
CALLS: dict[str, Callable[[SecretsManager], object]] = {
    "GetSecretValue": lambda store: store.get(SECRET),
    "DescribeSecret": lambda store: store.tags(SECRET),
    "PutSecretValue": lambda store: store.put(SECRET, "5", "5" * 36),
    "CreateSecret": lambda store: store.create(f"{SECRET}_2", "5", "6" * 36, {}),
}


def versions(store: SecretsManager) -> int:
    return len(store._client.list_secret_version_ids(SecretId=SECRET, IncludeDeprecated=True)["Versions"])


@pytest.mark.parametrize("action", CALLS)
@pytest.mark.parametrize("how", FAILING)
def test_every_failure_is_one_clean_line(store: SecretsManager, fault: Fault, action: str, how: dict[str, Any]) -> None:
    store.create(SECRET, "0", "0" * 36, NAME.tags)
    fault(action, **how)
    with pytest.raises(StoreError) as caught:
        CALLS[action](store)
    text = str(caught.value)
    assert text.startswith(SECRET)
    assert "\n" not in text
    assert CANARY not in text


def test_a_slow_answer_is_a_failure(store: SecretsManager, fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets_manager, "READ_TIMEOUT", 0.2)
    fault("GetSecretValue", latency=1)
    with pytest.raises(StoreError, match="get_secret_value failed: ReadTimeoutError"):
        store.get(SECRET)


def test_nobody_there() -> None:
    gone = SecretsManager(Settings(region="eu-west-1", endpoint="http://127.0.0.1:9", unified_url=""))
    with pytest.raises(StoreError, match=r"the simulator at .* doesn.t answer; do: make up"):
        gone.get(SECRET)


def test_absent_existing_and_scheduled(store: SecretsManager) -> None:
    assert store.get(SECRET) is None
    assert store.tags(SECRET) == {}
    with pytest.raises(Absent):
        store.put(SECRET, "5", "5" * 36)
    with pytest.raises(Absent):
        store.tag(SECRET, {"a": "b"})
    store.create(SECRET, "0", "0" * 36, NAME.tags)
    assert store.tags(SECRET) == NAME.tags
    with pytest.raises(Exists):
        store.create(SECRET, "5", "5" * 36, {})
    store._client.delete_secret(SecretId=SECRET)
    assert store.get(SECRET) == Entry(SECRET, None, "", scheduled=True)
    assert store.get_many([SECRET]) == {SECRET: Entry(SECRET, None, "", scheduled=True)}
    assert one_write.set_value(store, NAME, "10").text == "10", "restored and written"


def test_an_answer_lost_after_the_commit_makes_one_version(
    store: SecretsManager, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets_manager, "ATTEMPTS", 3)
    fault("CreateSecret", status=500, after=True, times=1)
    assert one_write.set_value(store, NAME, "0").text == "0"
    assert versions(store) == 1
    fault("PutSecretValue", status=500, after=True, times=1)
    assert one_write.set_value(store, NAME, "5").text == "5"
    assert versions(store) == 2


def test_a_return_to_an_old_value_is_a_new_version(store: SecretsManager) -> None:
    seen = {one_write.set_value(store, NAME, value).version for value in ("0", "5", "0", "5", "0")}
    assert len(seen) == 5
    assert one_write.set_value(store, NAME, "0").version in seen, "and what is live already isn't written"


def test_a_repeated_creation_makes_one_version_and_nothing_stands_between_a_restoring_and_its_write() -> None:
    memory = MemoryStore()
    for _ in range(2):  # the second one meets the first one's secret, as after a lost answer
        one_write.write(memory, NAME, "0", before=None, virtual=None, extra={})
    assert memory.written == ["0"]
    memory.scheduled.add(SECRET)
    before, calls = memory.get(SECRET), list[str]()
    memory.turn = calls.append
    one_write.write(memory, NAME, "5", before=before, virtual=NOW, extra={})
    assert calls == ["restore", "put", "tag"], "the old value is live between the first two"


def test_tokens() -> None:
    assert token(NAME, "5", "v1") == token(NAME, "5", "v1")
    assert len({token(NAME, "5", "v1"), token(NAME, "5", "v2"), token(NAME, "10", "v1"), token(NAME, "5", "")}) == 4
    assert token(NAME, "5", None) != token(NAME, "5", None)


def test_a_secret_restored_after_its_token_was_used_gets_a_new_version(store: SecretsManager) -> None:
    for value in ("0", "5", "50"):
        one_write.set_value(store, NAME, value)
    store._client.delete_secret(SecretId=SECRET)
    before = store.get(SECRET)
    raised = writing.raise_to(store, NAME, "0", before=before, judged_tags={}, pause=0)
    assert raised.text == "0", "the first version's token would have been answered as done"


@pytest.mark.parametrize("live", [None, "50", "abc", "scheduled"])
def test_lower_over_anything(store: SecretsManager, live: str | None) -> None:
    if live is not None:
        store.create(SECRET, "50" if live == "scheduled" else live, "0" * 36, NAME.tags)
    if live == "scheduled":
        store._client.delete_secret(SecretId=SECRET)
    done = writing.lowered(store, NAME, "0", pause=0)
    if live == "scheduled":  # 0 for the service; it takes no value and no tag, and stays as it is
        assert done.entry == store.get(SECRET) == Entry(SECRET, None, "", scheduled=True)
        assert not done.marked
        return
    assert done.entry.text == "0"
    assert store.tags(SECRET)["stopped"].endswith(":0")
    assert {key: store.tags(SECRET)[key] for key in NAME.tags} == NAME.tags


@pytest.mark.parametrize("text", ["50", "abc"])
def test_what_a_lowering_replaced_is_known_without_a_look_before_it(store: SecretsManager, text: str) -> None:
    store.create(SECRET, "100", "0" * 36, NAME.tags)
    store.put(SECRET, text, "1" * 36)
    done = writing.lowered(store, NAME, "0", pause=0)
    assert done.before == Entry(SECRET, text, "1" * 36)
    assert store.text_of(SECRET, "0" * 36) in ("100", None)  # two versions are kept by a stage, older ones for a while
    trace = store.trace(SECRET)
    assert (trace.live, trace.replaced) == (done.entry.version, "1" * 36)


@pytest.mark.parametrize("action", ["PutSecretValue", "TagResource"])
def test_the_simulator_refuses_what_aws_refuses_on_a_secret_that_waits_for_its_deletion(
    store: SecretsManager, action: str
) -> None:
    store.create(SECRET, "50", "0" * 36, NAME.tags)
    store._client.delete_secret(SecretId=SECRET)
    with pytest.raises(Scheduled, match=r"InvalidRequestException .*marked for deletion"):
        store.put(SECRET, "0", "1" * 36) if action == "PutSecretValue" else store.tag(SECRET, {"a": "b"})
    store.restore(SECRET)
    store.put(SECRET, "0", "1" * 36)
    store.tag(SECRET, {"a": "b"})


def test_a_rollback_by_label_is_what_every_read_answers(store: SecretsManager) -> None:
    store.create(SECRET, "5", "5" * 36, {})
    store.put(SECRET, "10", "7" * 36)
    store._client.update_secret_version_stage(
        SecretId=SECRET, VersionStage="AWSCURRENT", MoveToVersionId="5" * 36, RemoveFromVersionId="7" * 36
    )
    for entry in (store.get(SECRET), store.get_many([SECRET])[SECRET]):
        assert isinstance(entry, Entry)
        assert (entry.text, entry.version) == ("5", "5" * 36)
    trace = store.trace(SECRET)
    assert (trace.live, trace.replaced) == ("5" * 36, "7" * 36)
    store.put(SECRET, "0", "8" * 36)
    assert (entry := store.get(SECRET)) is not None
    assert (entry.text, entry.version) == ("0", "8" * 36)
    trace = store.trace(SECRET)
    assert (trace.live, trace.replaced) == ("8" * 36, "5" * 36), "what is put next replaces what the hand chose"


def test_a_put_and_a_tag_at_the_same_moment_both_stand(store: SecretsManager) -> None:
    store.create(SECRET, "50", "0" * 36, {})
    store.warm()
    for number in range(40):
        tagging = at_once.begin(lambda number=number: store.tag(SECRET, {"n": str(number)}))  # type: ignore[misc]
        store.put(SECRET, str(number % 2), str(uuid.uuid4()))
        assert tagging.answered.wait(10)
        assert store.tags(SECRET) == {"n": str(number)}


def test_one_bad_item_fails_no_other(store: SecretsManager, fault: Fault) -> None:
    other = f"{SECRET}_2"
    store.create(SECRET, "5", "5" * 36, {})
    store.create(other, "true", "6" * 36, {})
    found = store.get_many([SECRET, other, f"{SECRET}_3"])
    assert [getattr(found[name], "text", found[name]) for name in found] == ["5", "true", None]
    bad = {
        "SecretValues": [{"Name": SECRET, "SecretString": "5"}],
        "Errors": [{"SecretId": other, "ErrorCode": "Decryption"}],
    }
    fault("BatchGetSecretValue", status=200, body=bad)
    found = store.get_many([SECRET, other, f"{SECRET}_3"])
    assert all(isinstance(entry, StoreError) for entry in found.values()), "no version, an error, left out"


def test_the_snapshot_serves_each_name_once(store: SecretsManager, moto: Simulator) -> None:
    names = [f"{SECRET}_{number}" for number in range(45)]
    for name in names[:3]:
        store.create(name, "5", "5" * 36, {})
    moto.call("DELETE", "/calls")
    snapshot = Snapshot(store, names)
    assert [getattr(snapshot.take(name), "text", None) for name in names] == ["5"] * 3 + [None] * 42
    assert moto.call("DELETE", "/calls") == {"secretsmanager.BatchGetSecretValue": 3}
    store.put(names[0], "10", "7" * 36)
    again = snapshot.take(names[0])
    assert again is not None
    assert again.text == "10", "a read after a write is fresh"
    assert not snapshot.was_empty
    assert Snapshot(store, ["wa-webhook-unified/test/NO"]).was_empty


def test_a_failed_page_is_read_singly(store: SecretsManager, fault: Fault) -> None:
    store.create(SECRET, "5", "5" * 36, {})
    fault("BatchGetSecretValue", status=500)
    snapshot = Snapshot(store, [SECRET])
    entry = snapshot.take(SECRET)
    assert entry is not None
    assert entry.text == "5"
    assert not snapshot.was_empty, "what couldn't be read isn't empty"
