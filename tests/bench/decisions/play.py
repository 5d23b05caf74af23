"""Playing rows on all processors, seeded, and their table: n, figures, Wilson's bounds, and what must be seen."""

from __future__ import annotations

import math
import multiprocessing
import statistics
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from rollout.model.plan import chances
from tests.bench.decisions import equal
from tests.bench.decisions.migration import Played
from tests.bench.decisions.rows import Outcome, Row, rows
from tests.bench_gate import wilson
from tests.pure.samples import CATALOGUE

CHUNK = 60
#: So many migrations of each row that the fast copy plays are judged by the product alone, on the same streams.
BY_PRODUCT = 40
#: Random series on which the fast copy is held against the product.
SERIES = 8_000


def chunk(job: tuple[str, int, int]) -> tuple[list[Outcome], Played]:
    """Some runs of a row, each chunk with its own seed: the same whoever plays them."""
    name, first, number = job
    row = next(row for row in rows() if row.name == name)
    played = Played()
    product = min(number, BY_PRODUCT) if row.fast and not first else 0
    rng = np.random.default_rng([zlib.crc32(name.encode()), first])
    return row.play(rng, number, product, played), played


def play(chosen: Sequence[Row], part: float = 1.0) -> Iterable[tuple[Row, list[Outcome], Played]]:
    """Each row with its outcomes, and by whom it was judged; `part` of the runs."""
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("fork")) as pool:
        waiting = []
        for row in chosen:
            runs = max(1, round(row.runs * part))
            jobs = [(row.name, first, min(CHUNK, runs - first)) for first in range(0, runs, CHUNK)]
            waiting.append((row, [pool.submit(chunk, job) for job in jobs]))
        for row, futures in waiting:
            played = Played()
            found: list[Outcome] = []
            for future in futures:
                outcomes, one = future.result()
                found += outcomes
                played.add(one)
            yield row, found, played


def line(row: Row, found: Sequence[Outcome]) -> tuple[str, list[str]]:
    """The row's line, and what of it isn't as it must be."""
    parts, missed = [], []
    for key in dict.fromkeys(key for outcome in found for key in outcome):
        values = [outcome[key] for outcome in found if key in outcome]
        limit = row.limits.get(key)
        if key in ("minutes", "days late", "days lost"):
            value = statistics.median(values)
            slow = sorted(values)[math.ceil(0.9 * len(values)) - 1]
            parts.append(f"{key} {value:g} (median; 90 % within {slow:g})")
        elif key.startswith("first look"):
            continue
        else:
            value = sum(values) / len(values)
            low, high = wilson(sum(values), len(values))
            parts.append(f"{key} {value:.2%} ({low:.1%} to {high:.1%})")
        if limit is not None and (value < limit if limit > 0 else value > -limit):
            missed.append(
                f"{row.name}: {key} {value:g}, wanted {'at least' if limit > 0 else 'at most'} {abs(limit):g}"
            )
    firsts = first_looks(found)
    if firsts:
        worst = min(firsts, key=lambda name: firsts[name])
        parts.append(
            f"first looks {firsts[worst]:.3f} ({worst.removeprefix('first look ')}) to {max(firsts.values()):.3f}"
        )
        if firsts[worst] < row.limits.get("first look", 0):
            missed.append(f"{row.name}: {worst} {firsts[worst]:.3f}, wanted at least {row.limits['first look']:g}")
    return f"{row.name} | {len(found):,} | {'; '.join(parts)}", missed


def foretold(found: Sequence[Outcome]) -> str:
    """How far what `plan` says of first looks is from what was seen, for the catalogue's own traffic."""
    seen = first_looks(found)
    off = {
        f"first look {name} from {one.percent} %": one.first
        for name, domain in CATALOGUE.domains.items()
        for one in chances.chances(domain)
    }
    most = max(seen, key=lambda key: abs(seen[key] - (off[key] or 0)))
    return f"`plan` is off by at most {abs(seen[most] - (off[most] or 0)):.3f} ({most.removeprefix('first look ')})"


def first_looks(found: Sequence[Outcome]) -> dict[str, float]:
    """Per raise of a migration how often the first look let it pass."""
    keys = dict.fromkeys(key for outcome in found for key in outcome if key.startswith("first look"))
    return {
        key: statistics.mean(outcome[key] for outcome in found if key in outcome) for key in keys
    }  # fmt: skip


def run(say: Callable[[str], None], part: float = 1.0, only: str = "") -> list[str]:
    """Plays and prints; returns what isn't as it must be."""
    began, missed = time.monotonic(), []
    if only in "series":
        by_itself, differ = equal.series_of(round(SERIES * part))
        say(
            f"{SERIES * part:,.0f} random series: {by_itself:,} answered by the copy itself, {differ} unlike the product"
        )
        missed += [f"{differ} series were answered unlike the product"] if differ else []
    group = ""
    for row, found, played in play([row for row in rows() if only in f"{row.group} {row.name}"], part):
        if row.group != group:
            group = row.group
            say(f"\n{group} | n | seen (99 % bounds) | played by")
        text, wrong = line(row, found)
        say(f"{text} | {by_whom(row, len(found), played)} | {time.monotonic() - began:.0f} s")
        if row.name == rows()[0].name:
            say(foretold(found))
        missed += wrong
        missed += [f"{row.name}: {played.differ} looks unlike the product's"] if played.differ else []
    for one in missed:
        say(f"MISSED {one}")
    say(f"{time.monotonic() - began:.0f} s")
    return missed


def by_whom(row: Row, runs: int, played: Played) -> str:
    """Who judged: the product, or the fast copy and how many looks it handed on."""
    if not row.fast:
        return "product"
    own = min(runs, BY_PRODUCT)
    return f"{own} by the product ({played.product:,} looks), {runs - own:,} by the copy ({played.fast:,}; {played.asked:,} asked)"


if __name__ == "__main__":
    import sys

    run(lambda text: print(text, flush=True), float(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")
