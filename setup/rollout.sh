#!/bin/sh
# `rollout` on PATH wherever the project's environment is: setup/python.sh puts a copy into .venv/bin. By hand in an environment
# of your own, `pip install --editable .` does the same. The project is the folder whose .venv this was found in, by name and
# not by following links: a scratch copy's linked .venv must work on the copy.
case $0 in
    .venv/bin/rollout) home=$PWD ;;
    */.venv/bin/rollout) home=${0%/.venv/bin/rollout} ;;
    *) echo "rollout: run it from its own .venv/bin, or python -m rollout in the project's folder" >&2; exit 2 ;;
esac
exec "$home/.venv/bin/python" -c 'import sys; sys.path[0] = sys.argv.pop(1); from rollout.commands.cli import main; main(name="rollout")' "$home" "$@"
