"""The door to `rollout.simulator.env` for shells and the Makefile: standard library only, before anything is installed.

Usage: python setup/env.py [--paths]
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rollout.simulator.env import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
