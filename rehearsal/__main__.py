"""`python -m rehearsal` is `rollout rehearse`."""

import sys

from commands.cli import main

if __name__ == "__main__":
    main(["rehearse", *sys.argv[1:]])
