"""The program leaves at once when the engine says so, whatever it waits for."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]

#: The SDK's own way of running a program: calls that the engine doesn't answer, and an executor that is waited for.
WAITS = """
import asyncio, threading
from concurrent.futures import ThreadPoolExecutor
from components import ending

ending.end_when_told()
never, loop, pool = threading.Event(), asyncio.new_event_loop(), ThreadPoolExecutor()
loop.set_default_executor(pool)

async def main():
    print("waits", flush=True)
    await loop.run_in_executor(None, never.wait)

try:
    loop.run_until_complete(main())
finally:
    pool.shutdown(wait=True)
"""


def test_a_program_that_waits_for_the_engine_is_ended_by_its_signal() -> None:
    with subprocess.Popen([sys.executable, "-c", WAITS], cwd=HOME, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "waits\n"
        program.send_signal(signal.SIGINT)
        try:
            assert program.wait(timeout=60) == -signal.SIGINT
        finally:
            program.kill()
