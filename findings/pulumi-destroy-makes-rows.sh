#!/bin/sh
# `pulumi destroy --run-program` (or PULUMI_RUN_PROGRAM=true) of a stack that is empty already fills it: the program runs, and each of its
# component resources is written into the state as created, under a closing line that says that the resources have been deleted. The next
# destroy deletes them, the one after makes them again. Without --run-program the empty stack stays empty.
# Seen with engine 3.276.0, SDK 3.272.0. Needs `pulumi` with its Python language host on PATH, and python3 with its venv module;
# installs pulumi 3.272.0 from the package index. Exit code 0: as seen; 1: it changed; 2: it could not be tried.
set -eu
command -v pulumi >/dev/null 2>&1 && command -v pulumi-language-python >/dev/null 2>&1 || { echo "no pulumi with its Python host on PATH" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" || exit 2
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check pulumi==3.272.0 || exit 2
mkdir -p "$folder/project" "$folder/state"
cd "$folder/project"
cat >Pulumi.yaml <<'EOF'
name: emptied
runtime: {name: python, options: {virtualenv: ../venv}}
EOF
cat >__main__.py <<'EOF'
import pulumi
pulumi.ComponentResource("emptied:index:Group", "group", None)
EOF
export PULUMI_HOME="$folder/home" PULUMI_BACKEND_URL="file://$folder/state" PULUMI_CONFIG_PASSPHRASE=none PATH="$folder/venv/bin:$PATH"
export PULUMI_SKIP_UPDATE_CHECK=true PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true
unset PULUMI_STACK PULUMI_CONTINUE_ON_ERROR PULUMI_RUN_PROGRAM
rows() { pulumi stack export | "$folder/venv/bin/python" -c 'import json, sys; print(len(json.load(sys.stdin)["deployment"].get("resources") or []))'; }
pulumi stack init one --non-interactive >/dev/null 2>&1 || exit 2
pulumi up --yes --skip-preview --non-interactive >/dev/null || exit 2
seen=
for given in false true true false false; do
    code=0
    pulumi destroy --yes --skip-preview --non-interactive --color never --run-program=$given >"$folder/said" 2>&1 || code=$?
    echo "destroy --run-program=$given: exit code $code; $(grep -o '[0-9][0-9]* created' "$folder/said" || echo 'none created'); $(grep -o 'resources in the stack have been deleted' "$folder/said"); rows left: $(rows)"
    seen="$seen $(rows)"
done
echo "engine $(pulumi version), SDK 3.272.0; rows left:$seen"
[ "$seen" = " 0 2 0 0 0" ]
