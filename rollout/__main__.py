"""`python -m rollout`: the operator's commands, from the project's folder."""

from rollout.commands.cli import main

if __name__ == "__main__":
    main()
