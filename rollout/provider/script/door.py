"""Which plug-in answers for the users' scripts: the real one where it takes what is asked of it, else the one that stands in.

The engine starts `pulumi-resource-command` beside this file. A plug-in on PATH comes first, as in the engine's own order, then
the installed ones, that of the SDK's version before others. An older one may not know a property that the program sets, and would
end each preview and each rollback with an error: so all but the SDK's own are asked first.
"""

from __future__ import annotations

import asyncio
import os
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))  # started as a file, from any folder

from rollout.provider.script import wanted

HERE: Final = Path(__file__).resolve().parent
NAME: Final = "pulumi-resource-command"
#: Seconds in which a plug-in has to answer.
PATIENCE: Final = 10.0
#: What the program asks of it (components/scripts.py): each property has to be known.
ASKED: Final = {
    "update": "true",
    "logging": "none",
    "addPreviousOutputInEnv": False,
    "environment": {"MOVE": "", "ORDER": ""},
}


def there(environ: Mapping[str, str]) -> Iterator[Path]:
    """Every plug-in that is on PATH or installed, in the order in which they are tried."""
    folders = [Path(folder) for folder in environ.get("PATH", "").split(os.pathsep) if folder]
    installed = _installed(environ)
    others = sorted(installed.parent.glob("resource-command-v*"), reverse=True)
    for folder in (*folders, installed, *(other for other in others if other != installed)):
        path = folder / NAME
        if path.is_file() and os.access(path, os.X_OK) and folder.resolve() != HERE:
            yield path


def find(environ: Mapping[str, str]) -> Path | None:
    """The first that takes what is asked of it; None where there is none."""
    own = _installed(environ)
    return next((path for path in there(environ) if path.parent == own or takes(path, environ)), None)


def _installed(environ: Mapping[str, str]) -> Path:
    """Where the engine installs the version that the SDK asks for."""
    home = Path(environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    return home / "plugins" / f"resource-command-v{wanted()}"


def takes(path: Path, environ: Mapping[str, str]) -> bool:
    """Whether the plug-in checks a script's resource without a complaint. Runs it for a moment; nothing else runs."""
    try:
        child = subprocess.Popen(
            [path, "127.0.0.1:1"], env=dict(environ), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )  # fmt: skip
    except OSError:
        return False
    try:
        said = child.stdout
        ready = said is not None and select.select([said], [], [], PATIENCE)[0]
        port = said.readline().decode(errors="replace").strip() if said and ready else ""
        return port.isdigit() and _checks(int(port))
    finally:
        child.kill()
        child.communicate()


def _checks(port: int) -> bool:
    import grpc
    from google.protobuf import json_format, struct_pb2

    from rollout.provider.wire.protos import provider_pb2, provider_pb2_grpc

    news = json_format.ParseDict(ASKED, struct_pb2.Struct())
    urn = "urn:pulumi:stack::project::command:local:Command::asked"
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        provider = provider_pb2_grpc.ResourceProviderStub(channel)
        try:
            provider.Configure(provider_pb2.ConfigureRequest(args=struct_pb2.Struct()), timeout=PATIENCE)
            asked = provider_pb2.CheckRequest(urn=urn, olds=struct_pb2.Struct(), news=news)
            return not provider.Check(asked, timeout=PATIENCE).failures
        except grpc.RpcError:
            return False


def main() -> None:
    """Becomes the plug-in that was found, or stands in for it."""
    found = find(os.environ)
    if found is not None:
        os.execv(found, [str(found), *sys.argv[1:]])  # noqa: S606 - nothing else is left to do here
    from rollout.provider.script import absent

    asyncio.run(absent.serve(absent.Absent()))


if __name__ == "__main__":
    main()
