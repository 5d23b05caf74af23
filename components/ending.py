"""How the program leaves when the engine has no more use for it: at once."""

from __future__ import annotations

import signal


def end_when_told() -> None:
    """Lets SIGINT end this process as the system does it, and not by Python's KeyboardInterrupt.

    After a refusal the engine sends SIGINT to its language host and this program, and waits for both. Python would raise
    KeyboardInterrupt, at the loop's next turn, and then wait for calls that the engine no longer answers: 5 s, until
    the engine kills it. A registration is the engine's to finish, so there is nothing to wind up here. The terminal's
    Ctrl-C doesn't come this way: the engine takes it, and this process is in a group of its own.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
