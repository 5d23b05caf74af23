"""Whether everything is there that was installed into an environment: what an `rm`, or a full disk, has taken is missed.

Usage: .venv/bin/python setup/whole.py requirements.txt      exit code 1, and the first thing that is missing, where one is

By pip's own record of each package's files. What was added since is nobody's business here. Standard library only.
"""

from __future__ import annotations

import csv
import re
import sys
import sysconfig
from pathlib import Path


def missing(requirements: str, site: Path) -> str:
    """The first package or file that isn't there; empty where all is. Bytecode comes and goes."""
    wanted = {_name(name) for name in re.findall(r"(?m)^([A-Za-z0-9._-]+)==", requirements)}
    records = {_name(file.parent.name.partition("-")[0]): file for file in site.glob("*.dist-info/RECORD")}
    for name in sorted(wanted - records.keys()):
        return name
    for name in wanted:
        with records[name].open(newline="") as lines:
            for path, *_ in csv.reader(lines):
                if not path.endswith(".pyc") and not (site / path).exists():
                    return path
    return ""


def _name(written: str) -> str:
    return re.sub(r"[-_.]+", "_", written).lower()


if __name__ == "__main__":
    found = missing(Path(sys.argv[1]).read_text(), Path(sysconfig.get_path("purelib")))
    if found:
        print(found)
        sys.exit(1)
