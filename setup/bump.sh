#!/bin/sh
# Pins an engine and an SDK: setup/versions, requirements.in, and the modules that the engine is built of.
# Usage: sh setup/bump.sh [ENGINE] [SDK]. Without: the newest that the module proxy and the package index answer. Where the proxy
# lists no versions, an engine of the SDK's version; where it hasn't that one either, it stays.
set -eu
name=bump
. "$(dirname -- "$0")/common.sh"

versions=$home/setup/versions
module=github.com/pulumi/pulumi/pkg/v3
served() { GOFLAGS=-modcacherw go list -m -f '{{.Version}}' "$module@$1" 2>/dev/null | sed 's/^v//'; }

cd "$tools/tmp"
command -v go >/dev/null 2>&1 || die "no Go on PATH: the engine's modules can't be pinned"
sdk=${2:-$("$home/.venv/bin/python" -m pip index versions pulumi --disable-pip-version-check 2>/dev/null | sed -n 's/^pulumi (\(.*\))$/\1/p')}
[ -n "$sdk" ] || die "the package index answers no version of pulumi: give one, make bump SDK=3.272.0"
engine=${1:-$(served latest)}
engine=${engine:-$(served "v$sdk")}
engine=${engine:-$(version engine)}

sh "$home/setup/engine/modules.sh" "$tools/tmp/modules" "$engine" >"$log" 2>&1 || die "engine $engine can't be pinned; the last lines of $log: $(tail -n 3 "$log")"
cp "$tools/tmp/modules/go.mod" "$tools/tmp/modules/go.sum" "$home/setup/engine/cli/"
sed "s/^engine=.*/engine=$engine/; s/^sdk=.*/sdk=$sdk/" "$versions" >"$tools/tmp/versions"
cp "$tools/tmp/versions" "$versions"
sed "s/^pulumi==.*/pulumi==$sdk/" "$home/requirements.in" >"$tools/tmp/requirements.in"
cp "$tools/tmp/requirements.in" "$home/requirements.in"
say "engine $engine, SDK $sdk; next: rm -rf .tools/pulumi && make test, then docs/engines.md"
