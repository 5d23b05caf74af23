#!/bin/sh
# `pulumi preview --refresh` reads every resource of the state. With `--run-program` (or PULUMI_RUN_PROGRAM=true) it reads only those that the
# program still registers: of a resource that was taken out of the program nothing is read before its delete is shown, so what somebody
# changed about it outside is in no diff, and one that is gone already is shown as a delete to come.
# Seen with engine 3.276.0, SDK 3.272.0. Needs `pulumi` with its Python language host on PATH, and python3 with its venv module;
# installs pulumi 3.272.0 from the package index. Exit code 0: as seen; 1: it changed; 2: it could not be tried.
set -eu
command -v pulumi >/dev/null 2>&1 && command -v pulumi-language-python >/dev/null 2>&1 || { echo "no pulumi with its Python host on PATH" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" || exit 2
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check pulumi==3.272.0 setuptools==80.9.0 || exit 2
mkdir -p "$folder/project" "$folder/state"
cd "$folder/project"
cat >Pulumi.yaml <<'EOF'
name: going
runtime: {name: python, options: {virtualenv: ../venv}}
EOF
cat >__main__.py <<'EOF'
import os
from pulumi.dynamic import CreateResult, ReadResult, Resource, ResourceProvider


class Noting(ResourceProvider):
    def create(self, props):
        return CreateResult(props["name"], props)

    def read(self, id_, props):
        with open(props["log"], "a") as log:
            log.write(id_ + "\n")
        return ReadResult(id_, props)


class Noted(Resource):
    pass


for name in os.environ["NAMES"].split():
    Noted(Noting(), name, {"name": name, "log": os.environ["LOG"]})
EOF
export PULUMI_HOME="$folder/home" PULUMI_BACKEND_URL="file://$folder/state" PULUMI_CONFIG_PASSPHRASE=none PATH="$folder/venv/bin:$PATH"
export PULUMI_SKIP_UPDATE_CHECK=true PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true LOG="$folder/log"
unset PULUMI_STACK PULUMI_CONTINUE_ON_ERROR PULUMI_RUN_PROGRAM
pulumi stack init one --non-interactive >/dev/null 2>&1 || exit 2
NAMES="stays goes" pulumi up --yes --skip-preview --non-interactive >"$folder/said" 2>&1 || { cat "$folder/said"; exit 2; }
seen=
for given in false true; do
    : >"$LOG"
    NAMES="stays" pulumi preview --refresh --run-program=$given --non-interactive --color never >"$folder/said" 2>&1 || { cat "$folder/said"; exit 2; }
    read=$(sort -u "$LOG" | tr '\n' ' ')
    echo "preview --refresh --run-program=$given, 'goes' not in the program any more: read: $read; $(grep -o '[0-9] to delete' "$folder/said")"
    seen="$seen|$read"
done
echo "engine $(pulumi version), SDK 3.272.0"
[ "$seen" = "|goes stays |stays " ]
