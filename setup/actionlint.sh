#!/bin/sh
# The linter of the workflows, built from its published module where Go is there. Usage: sh setup/actionlint.sh
# Optional: without Go it says so in a line and ends well; `make lint` then checks everything else.
set -eu
name=actionlint
. "$(dirname -- "$0")/common.sh"

version=1.7.12
oldest=25 # its go.mod asks for Go 1.25
target=$tools/actionlint
build=$tools/build-actionlint # Go's caches, removed afterwards

command -v actionlint >/dev/null 2>&1 && exit 0
[ ! -x "$target/actionlint" ] || exit 0
if ! command -v go >/dev/null 2>&1; then
    say "not there, and no Go on PATH to build it: the workflows aren't linted"
    exit 0
fi
minor=$(XDG_CONFIG_HOME=$tools/cache/go go env GOVERSION | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
if [ "${minor:-0}" -lt "$oldest" ]; then
    say "not there, and building it needs Go >= 1.$oldest: the workflows aren't linted"
    exit 0
fi
: >"$log"
mkdir -p "$build/tmp" "$target"
# As in engine.sh: Go's own settings (a company's module proxy) are kept, and everything it writes goes into $build.
GOENV=${GOENV:-${XDG_CONFIG_HOME:-${HOME:-/nonexistent}/.config}/go/env}
GOPATH=$build/path GOMODCACHE=$build/path/pkg/mod GOCACHE=$build/cache GOTMPDIR=$build/tmp GOBIN=$target GOTOOLCHAIN=local
GOFLAGS=-modcacherw XDG_CONFIG_HOME=$build/config
export GOENV GOPATH GOMODCACHE GOCACHE GOTMPDIR GOBIN GOTOOLCHAIN GOFLAGS XDG_CONFIG_HOME
unset GOOS GOARCH
if step "building it with Go, about 30 s" go install "github.com/rhysd/actionlint/cmd/actionlint@v$version"; then
    say "$version ready in .tools/actionlint"
else
    rm -rf "$target"
    say "could not be built (its output: $log): is the Go module proxy reachable (GOPROXY)? The workflows aren't linted"
fi
rm -rf "$build"
