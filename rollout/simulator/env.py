"""The environment of the local stack, in one place: for `eval "$(make -s env)"`, the make targets and the tests.

Usage: python setup/env.py             export lines for the local stack, shell-quoted
       python setup/env.py --postgres  for the one whose flags and counters are in a database on this machine
       python setup/env.py --paths     only what finds the tools: for other stacks, which keep the caller's settings
       python setup/env.py --stamp     ` [at 2026-12-03T08:00:00Z]` where another time is played, for a run's message
Standard library only, and so is all that it imports: `setup/env.py` runs it before anything is installed.
"""

from __future__ import annotations

import os
import shlex
import socket
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from urllib.parse import quote

from rollout import clock, private
from rollout.home import HOME

PROJECT = HOME

# What a shell may carry from somebody's work on production: a local command must never reach that. Unset by prefix,
# since one left over is enough (AWS_ENDPOINT_URL_SECRETS_MANAGER outranks AWS_ENDPOINT_URL).
FOREIGN = ("AWS_", "PULUMI_", "ROLLOUT_", "PG")
ALSO_FOREIGN = ("PYTHONHOME", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")  # the last: 0.3 s slower at every preview
REGION = "eu-west-1"  # the local stack's
KEPT = ("ROLLOUT_NOW",)  # the virtual clock: legal on simulators only, and the provider sees to that

LOCAL, DATABASE = (
    "local",
    "postgres",
)  # the two stacks that play: on an AWS that is simulated, on a database that is real
LARGE = 250_000  # bytes of a state: about 100 rows, where a second start of the provider costs less
STACKS = {"secrets-manager": LOCAL, "postgres": DATABASE}  # by their store


def environment(
    project: Path = PROJECT, base: Mapping[str, str] = os.environ, stack: str = LOCAL
) -> dict[str, str | None]:
    """What to change in `base` for a stack of `project` that plays; None: unset. Chooses the simulator's port if none is."""
    endpoint = f"http://127.0.0.1:{port(project / '.local')}"
    home = project / ".tools" / "pulumi-home"
    _without_logs(home)
    private.folder(project / ".local" / "state")
    own = {
        **paths(project, base),
        "PULUMI_HOME": str(home),
        # metadata=skip: without it, a killed engine can leave an empty .json.attrs and the stack doesn't load again.
        "PULUMI_BACKEND_URL": f"file://{quote(str(project / '.local' / 'state'))}?metadata=skip",
        "PULUMI_STACK": stack,
        "PULUMI_CONFIG_PASSPHRASE": "simulator",  # no secret: it guards a stack on loopback that holds none
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PIP_DISABLE_PIP_VERSION_CHECK": "true",  # the language host runs `pip list`, which would ask an index and write to HOME
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",  # 2.5 s a command where the network doesn't answer
        "PULUMI_CONTINUE_ON_ERROR": "true",  # one domain's refusal leaves the others', and any rollback's, way free
        "PULUMI_RUN_PROGRAM": _in_one_pass(project / ".local" / "state"),
        "AWS_ENDPOINT_URL": endpoint,
        "ROLLOUT_UNIFIED_URL": endpoint,
    }
    if stack == DATABASE:
        own["ROLLOUT_DATABASE_URL"] = database_url(project / ".local" / "postgres")
    return {**_without(base), **_simulators(base), **own}


def _in_one_pass(state: Path) -> str:
    """`true` where a refresh is best made within the program's run: else `refresh: always` starts the provider twice. Within it the
    engine lays out all rows again for each that it has read, which with 1,000 rows is most of a preview.
    """
    sizes = [file.stat().st_size for file in state.glob(".pulumi/stacks/*/*.json")]
    return "true" if max(sizes, default=0) < LARGE else "false"


def database_url(folder: Path, role: str = "rollout_deployer", database: str = "rollout") -> str:
    """The address of the server that plays in `folder` (`rollout/simulator/database.py`); without a password before its
    first start. It listens on loopback alone, and has no certificate.
    """
    file = folder / "password"
    password = file.read_text().strip() if file.exists() else ""
    return f"postgresql://{role}:{password}@127.0.0.1:{port(folder)}/{database}?sslmode=disable"


def _without_logs(home: Path) -> None:
    """Keeps the engine from writing a debug log of each command, zipped and encrypted: 70-110 ms of a preview here.

    It has no setting for that, but goes without where its folder can't be made. `-v=9 --logtostderr` works as ever; a log
    of all commands is had again by removing the file `logs`.
    """
    file = home / "logs"
    if not file.exists():
        home.mkdir(parents=True, exist_ok=True)
        file.touch()


def isolate(environ: MutableMapping[str, str]) -> None:
    """The same for a process that has started already, in place: nothing foreign, the simulator's keys, no proxy."""
    apply(environ, {**_without(environ), **_simulators(environ)})


def apply(environ: MutableMapping[str, str], changes: Mapping[str, str | None]) -> None:
    """Makes `changes` in a process's own environment; None: unset."""
    for key, value in changes.items():
        if value is None:
            environ.pop(key, None)
        else:
            environ[key] = value


def _without(base: Mapping[str, str]) -> dict[str, str | None]:
    foreign = [key for key in base if key.startswith(FOREIGN) or key in ALSO_FOREIGN]
    return {key: None for key in sorted(foreign) if key not in KEPT}


def _simulators(base: Mapping[str, str]) -> dict[str, str]:
    """What an AWS client of the simulator needs, and what keeps it from asking anybody else."""
    own = {
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "testing",  # the simulator's: it takes any
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,  # a profile there can say `ignore_configured_endpoint_urls`
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    for key in ("NO_PROXY", "no_proxy"):  # a company's proxy must not be asked for loopback
        own[key] = ",".join(dict.fromkeys([*filter(None, base.get(key, "").split(",")), "127.0.0.1", "localhost"]))
    return own


def paths(project: Path = PROJECT, base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """PATH with the project's Python first (an older language host takes `python3` from there), then its engine if any."""
    first = [str(project / ".venv" / "bin")]
    if (project / ".tools" / "pulumi" / "bin" / "pulumi").exists():
        first.append(str(project / ".tools" / "pulumi" / "bin"))
    rest = [folder for folder in base.get("PATH", os.defpath).split(os.pathsep) if folder and folder not in first]
    return {"PATH": os.pathsep.join([*first, *rest]), "VIRTUAL_ENV": str(project / ".venv")}


def applied(project: Path = PROJECT, base: Mapping[str, str] = os.environ, stack: str = LOCAL) -> dict[str, str]:
    """`base` with `environment` applied: what a process on a stack that plays is started with."""
    changes = environment(project, base, stack)
    return {
        **{k: v for k, v in base.items() if k not in changes},
        **{k: v for k, v in changes.items() if v is not None},
    }


def port(folder: Path) -> int:
    """The simulator's port, from `folder`/port; a free one, written there, where there is none yet."""
    file = folder / "port"
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            chosen = int(free.getsockname()[1])
        private.write(file, str(chosen))
        return chosen


def main(arguments: list[str]) -> int:
    """Prints the lines for `eval`. Exit code 2, and nothing printed, where another stack is asked for in a local shell."""
    if arguments == ["--stamp"]:
        played = clock.stamp(PROJECT / ".local", os.environ.get("ROLLOUT_NOW"))
        print(f" [at {played}]" if played else "")
        return 0
    other = arguments == ["--paths"]
    if other and os.environ.get("PULUMI_HOME") == str(PROJECT / ".tools" / "pulumi-home"):
        # Else a rollback of production would bring the simulator down, read it back, and say that all is well.
        print('env: this shell is set to the local stack (eval "$(make -s env)"): use a new one', file=sys.stderr)
        return 2
    changes: Mapping[str, str | None] = (
        paths() if other else environment(stack=DATABASE if arguments == ["--postgres"] else LOCAL)
    )
    for key, value in changes.items():
        print(f"unset {key};" if value is None else f"export {key}={shlex.quote(value)};")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
