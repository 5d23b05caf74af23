"""How long a look's one question takes of a database that holds 60 days of every counter, a row a minute.

Wall time says most of the machine's other work; so the server's own CPU time is told beside it, and this process's.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rollout.model.gate import window as gate_window
from rollout.provider.judging.context import load_catalogue
from rollout.provider.postgres import address, link
from rollout.provider.postgres.link import Link
from rollout.provider.sources.postgres import Minutes
from tests import postgres

NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
DAYS = 60
#: How old the live values are that the look judges: a first day, the oldest whose minutes CloudWatch keeps, all there is.
AGES = (timedelta(days=2, minutes=-3), timedelta(days=13, hours=22, minutes=-3), timedelta(days=DAYS))


def run(folder: Path, runs: int, say: Callable[[str], None]) -> None:
    """Fills a server of its own (minutes of work), and asks."""
    link.STATEMENT, link.ANSWER = 120.0, 130.0  # type: ignore[misc] # a busy machine's times are told, not cut
    known = load_catalogue()
    postgres.entered(folder)
    with postgres.server(folder) as server:
        base = postgres.fresh(server, "prod")
        with server.connect(database=base) as hand:
            for domain in known.domains.values():
                for service, counter in gate_window.wanted(domain, known.unified):
                    hand.execute(
                        "insert into rollout.minutes (minute, service, domain, counter, value, arrived) select at, %s, %s, %s, 7, at "
                        "from generate_series(%s::timestamptz, %s, interval '1 minute') as at",
                        [service, domain.name, counter, NOW - timedelta(days=DAYS), NOW],
                    )
            hand.execute("vacuum analyze rollout.minutes, rollout.hours")
            rows = postgres.ask(hand, "select count(*) from rollout.minutes")
        asks = Link(address.read({address.URL: server.url("rollout_watcher", base)}))
        pid = asks.ask("pid", "select pg_backend_pid()")
        say(f"{rows} rows of {DAYS} days, {len(known.domains)} domains; n = {runs}, medians")
        for age in AGES:
            over = gate_window.windows(NOW - age, NOW)
            asked: list[Any] = [
                (name, gate_window.wanted(domain, known.unified), one)
                for name, domain in known.domains.items()
                for one in over.each
            ]
            asked += [
                (name, gate_window.past(domain), gate_window.before(NOW)) for name, domain in known.domains.items()
            ]
            walls, servers, owns = [], [], []
            for _ in range(runs):
                wall, of_server, own = time.perf_counter(), _cpu(pid), time.process_time()
                Minutes(asks).read_all(asked)
                walls.append(time.perf_counter() - wall)
                servers.append(_cpu(pid) - of_server)
                owns.append(time.process_time() - own)
            middle = [statistics.median(one) for one in (walls, servers, owns)]
            say(
                f"values {age.total_seconds() / 86400:.1f} days old, and legacy's 14 days: one query, {middle[0]:.2f} s; "
                f"CPU of the server {middle[1]:.2f} s, of the reader {middle[2]:.2f} s"
            )
        asks.close()


def _cpu(pid: int) -> float:
    """Seconds of CPU that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
