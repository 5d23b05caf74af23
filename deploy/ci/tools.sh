#!/bin/sh
# Sets a runner up by the project's own set-up, and puts what it brought on the PATH of the steps that follow.
# Usage: tools.sh python|engine ...   Apart, since a lowering needs no engine and doesn't wait for one.
set -eu
for what in "$@"; do
    case $what in
        python)
            sh setup/python.sh run
            echo "$PWD/.venv/bin" >>"$GITHUB_PATH"
            echo "VIRTUAL_ENV=$PWD/.venv" >>"$GITHUB_ENV"
            ;;
        engine)
            sh setup/engine.sh
            echo "$PWD/.tools/pulumi/bin" >>"$GITHUB_PATH" # absent where the runner's own engine is taken: harmless
            ;;
        *)
            echo "tools: unknown argument '$what'; one of: python, engine" >&2
            exit 2
            ;;
    esac
done
