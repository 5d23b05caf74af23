"""A server that dies without a word, at random moments of a raise and a stop: what was answered as down stays down."""

from __future__ import annotations

import os
import random
import threading
import time

import pytest

from rollout.model.flag.name import FlagName
from rollout.provider.errors import StoreError
from rollout.provider.postgres import address
from rollout.provider.postgres.link import Link
from rollout.provider.stores import writing
from rollout.provider.stores.postgres import Postgres
from rollout.provider.stores.store import Entry
from tests import postgres

NAME = FlagName("test", "jobs", "JOBS_ROLLOUT_PERCENT")
#: As many in `make test`; more by the environment.
KILLS = int(os.environ.get("TEST_KILLS", "5"))


def test_a_killed_server_loses_nothing_that_was_answered(tmp_path_factory: pytest.TempPathFactory) -> None:
    chance = random.Random(9)
    with postgres.server(tmp_path_factory.mktemp("killed")) as server:
        base = postgres.fresh(server, "test")
        addresses = address.read({address.URL: server.url(database=base)})
        for number in range(KILLS):
            first, second = Postgres(Link(addresses)), Postgres(Link(addresses))
            if first.get(NAME.secret) is not None:
                with server.connect(database=base) as hand:
                    hand.execute("update rollout.flags set value = '25', tags = '{}' where name = %s", [NAME.secret])
            else:
                writing.lower(first, NAME, "25", pause=0)
            judged = first.tags(NAME.secret), first.get(NAME.secret)
            said: dict[str, object] = {}

            def rise(
                store: Postgres = first,
                said: dict[str, object] = said,
                judged: tuple[dict[str, str], Entry | None] = judged,
            ) -> None:
                found, before = judged
                try:
                    said["raise"] = writing.raise_to(store, NAME, "50", before=before, judged_tags=found, pause=0).text
                except (StoreError, writing.StoppedMeanwhile) as error:
                    said["raise"] = error

            def stop(store: Postgres = second, said: dict[str, object] = said) -> None:
                try:
                    said["stop"] = writing.lower(store, NAME, "0", pause=0.05).text
                except StoreError as error:
                    said["stop"] = error

            threads = [threading.Thread(target=rise, daemon=True), threading.Thread(target=stop, daemon=True)]
            for thread in threads:
                thread.start()
            time.sleep(chance.uniform(0, 0.03))
            server.kill()
            for thread in threads:
                thread.join(60)
            server.start(database=False)
            again = Postgres(Link(addresses))
            live = again.get(NAME.secret)
            assert live is not None
            assert live.text in ("0", "25", "50"), (number, live)
            if said["stop"] == "0":
                assert live.text == "0", (number, said, live)
            assert writing.lower(again, NAME, "0", pause=0).text == "0", "and the same command again heals it"
