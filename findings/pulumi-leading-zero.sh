#!/bin/sh
# A stack file's plain number isn't the text that stands there: `percent: 010` reaches the program as 8, and `percent: 08` as 8 too; `1_0` and
# `1e1` are 10, `2026-11-28` is "2026-11-28 00:00:00 +0000 UTC". Expected: one way for 010 and 08 (10 and 8, or an error at the second, as
# in YAML 1.1). And setting any other key rewrites the file with what was understood: 010 becomes "8", in a commit about something
# else. `pulumi config set percent 010` writes "010" in quotes, which is 10 to the Python SDK: the same letters are 8 by hand and
# 10 by the command. Whoever reviews the file's diff approves 010, and 8 % is served.
# Seen with engine 3.276.0, SDK 3.272.0. Needs `pulumi` with its Python language host on PATH, and python3 with its venv module;
# installs pulumi 3.272.0 from the package index. Exit code 0: as seen; 1: it changed; 2: it could not be tried.
# Our program reads the file's text itself and refuses such spellings.
set -eu
command -v pulumi >/dev/null 2>&1 && command -v pulumi-language-python >/dev/null 2>&1 || { echo "no pulumi with its Python host on PATH" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" || exit 2
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check pulumi==3.272.0 || exit 2
mkdir -p "$folder/project" "$folder/state"
cd "$folder/project"
cat >Pulumi.yaml <<'EOP'
name: numbers
runtime: {name: python, options: {virtualenv: ../venv}}
EOP
cat >__main__.py <<'EOP'
import pulumi
config = pulumi.Config()
for key, text in {"octal": "010", "eight": "08", "grouped": "1_0", "power": "1e1", "other": "010 by config set"}.items():
    print(f"{text} is {config.require_int(key)}")
print(f"2026-11-28 is {config.require('date')}")
EOP
export PULUMI_HOME="$folder/home" PULUMI_BACKEND_URL="file://$folder/state" PULUMI_CONFIG_PASSPHRASE=none PATH="$folder/venv/bin:$PATH"
export PULUMI_SKIP_UPDATE_CHECK=true PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true
unset PULUMI_STACK PULUMI_CONTINUE_ON_ERROR PULUMI_RUN_PROGRAM
pulumi stack init one --non-interactive >/dev/null 2>&1 || exit 2
cat >>Pulumi.one.yaml <<'EOP'
config:
  numbers:octal: 010
  numbers:eight: 08
  numbers:grouped: 1_0
  numbers:power: 1e1
  numbers:date: 2026-11-28
EOP
grep -q '^  numbers:octal: 010$' Pulumi.one.yaml || exit 2
pulumi config set other 010 --non-interactive >/dev/null || exit 2
grep -E 'octal|eight|other' Pulumi.one.yaml >file.txt
pulumi preview --non-interactive --color never >preview.txt 2>&1 || { cat preview.txt >&2; exit 2; }
echo "engine $(pulumi version), SDK 3.272.0"
{ sed -n 's/^Diagnostics:.*//; s/^    \(.* is .*\)$/\1/p' preview.txt | grep -v pulumi: | LC_ALL=C sort -u; echo "the file after setting another key:"; cat file.txt; } | tee seen.txt
cat >expected.txt <<'EOP'
010 by config set is 10
010 is 8
08 is 8
1_0 is 10
1e1 is 10
2026-11-28 is 2026-11-28 00:00:00 +0000 UTC
the file after setting another key:
  numbers:octal: "8"
  numbers:eight: "8"
  numbers:other: "010"
EOP
diff expected.txt seen.txt
