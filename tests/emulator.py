"""A second opinion on AWS: another emulator behind the simulator's pages, where somebody has installed one.

TEST_EMULATOR names its command, e.g. that of PyPI's `ministack` in an environment of its own: `make test EMULATOR=...`.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rollout.simulator import behind

COMMAND: Final = "TEST_EMULATOR"
#: What another emulator than moto can't do, by the beginning of a test's node id. Seen with ministack 1.5.33.
CANNOT: Final = {
    "tests/provider/resources/test_alert_policy.py": "drops the metrics of an alarm by metric math",
    "tests/provider/stores/test_secrets_manager.py::test_an_answer_lost_after_the_commit": "a create's token is no version",
    "tests/provider/resources/test_flag_secret.py::test_a_first_raise_that_took_itself_back": "a create's token is no version",
    "tests/provider/test_simulators.py::test_motos_own_page": "is no moto, and has a page of its own",
}
#: As moto's, which the tests know.
ACCOUNT: Final = "123456789012"
PATIENCE: Final = 60.0


def command() -> str | None:
    """The other emulator's command; None: the tests run on moto."""
    return os.environ.get(COMMAND) or None


@contextmanager
def other(folder: Path, given: str) -> Iterator[str]:
    """Starts the emulator, tells the simulator of `folder` of it, and answers its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {
        "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "127.0.0.1", "MINISTACK_REGION": "eu-west-1",
        "MINISTACK_ACCOUNT_ID": ACCOUNT, "SERVICES": "secretsmanager,cloudwatch,sns,sqs,sts",
    }  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    with (folder / "emulator.log").open("wb") as log:
        child = subprocess.Popen(
            [given], cwd=folder, env={**os.environ, **own}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            _answers(url, child)
            (folder / behind.FILE).write_text(url)
            yield url
        finally:
            child.terminate()
            child.wait(timeout=PATIENCE)


def _answers(url: str, child: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            opener.open(f"{url}/_ministack/health", timeout=5).close()
        except urllib.error.HTTPError as error:
            error.close()
        except OSError:
            assert child.poll() is None, f"the emulator ended with {child.returncode}"
            assert time.monotonic() < until, f"the emulator doesn't answer at {url}"
            time.sleep(0.1)
            continue
        return
