#!/bin/sh
# Sets a runner up, and puts what that brought on the PATH of the steps that follow.
# Usage: tools.sh python|engine ...   Apart, since a lowering needs no engine and doesn't wait for one.
set -eu
for what in "$@"; do
    case $what in
        python)
            make environment
            echo "$PWD/.venv/bin" >>"$GITHUB_PATH"
            echo "VIRTUAL_ENV=$PWD/.venv" >>"$GITHUB_ENV"
            ;;
        engine)
            .venv/bin/python -m rollout setup --engine-only
            echo "$PWD/.tools/pulumi/bin" >>"$GITHUB_PATH" # absent where the runner's own engine is taken: harmless
            ;;
        *)
            echo "tools: unknown argument '$what'; one of: python, engine" >&2
            exit 2
            ;;
    esac
done
