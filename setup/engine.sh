#!/bin/sh
# The Pulumi engine, by the first way that works: found on PATH; the official installer; built from Go modules.
# Usage: sh setup/engine.sh. What is installed here lands in .tools/pulumi/bin, once, and then stays in use: an engine that
# changes between two commands would be worse than an old one. To choose again: rm -rf .tools/pulumi
#        sh setup/engine.sh VERSION    a second one, for tests, in .tools/engines/VERSION (10 minutes of CPU where it is built)
set -eu
name=engine
. "$(dirname -- "$0")/common.sh"

pinned=$(version engine) # the one this project is tested with
oldest=$(version oldest) # a user's own engine is taken as it is from here on
command_plugin=$(version command_plugin)
installer=https://get.pulumi.com
version=${1-$pinned}
case $version in [0-9]*.[0-9]*.[0-9]*) ;; *) die "which version? given: $version, e.g. sh setup/engine.sh 3.259.0" ;; esac
target=$tools/pulumi
[ $# -eq 0 ] || target=$tools/engines/$version
part=$tools/pulumi.part # half-built never counts as done: built here, then moved
build=$tools/build      # Go's caches: about 3 GB while it builds, removed afterwards
export PULUMI_HOME="$tools/pulumi-home" PULUMI_SKIP_UPDATE_CHECK=true
[ -e "$PULUMI_HOME/logs" ] || { mkdir -p "$PULUMI_HOME" && : >"$PULUMI_HOME/logs"; } # no debug log of each command (setup/env.py)

on_path() {
    found=$(pulumi version 2>/dev/null) && command -v pulumi-language-python >/dev/null 2>&1 || return 1
    found=${found#v}
    major=${found%%.*}
    minor=${found#*.}
    minor=${minor%%.*}
    case $major$minor in *[!0-9]* | '') return 1 ;; esac
    [ "$major" -gt "${oldest%.*}" ] || { [ "$major" -eq "${oldest%.*}" ] && [ "$minor" -ge "${oldest#*.}" ]; }
}

# Half of an engine that was deleted is none: without its language host every command fails, and late.
installed() { [ -x "$target/bin/pulumi" ] && [ -x "$target/bin/pulumi-language-python" ]; }

reachable() { command -v curl >/dev/null 2>&1 && curl -fsSL --connect-timeout 5 --max-time 60 -o "$1" "$2" 2>/dev/null; }

official() {
    if ! reachable "$tools/tmp/install.sh" "$installer"; then
        say "the official installer at $installer can't be reached from here; next: building it with Go"
        return 1
    fi
    # --no-edit-path: the installer would else write into the user's shell profile.
    if ! step "official installer, Pulumi $version" \
        sh "$tools/tmp/install.sh" --version "$version" --install-root "$part" --no-edit-path; then
        say "the official installer failed (its output: $log); next: building it with Go"
        return 1
    fi
}

go_build() { # FOLDER PACKAGE OUTPUT, in a subshell: the settings below are the build's alone
    cd "$1" && exec go build -trimpath -o "$part/bin/$3" \
        -ldflags "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v$version" "$2"
}

from_modules() {
    command -v go >/dev/null 2>&1 ||
        die "no engine: put 'pulumi' >= $oldest on PATH, or make $installer reachable, or put Go >= 1.26 on PATH (it is then built from published modules); then run this again"
    # Go's own settings (a company's module proxy) are kept; everything Go writes goes into $build.
    GOENV=${GOENV:-${XDG_CONFIG_HOME:-${HOME:-/nonexistent}/.config}/go/env}
    XDG_CONFIG_HOME=$build/config
    GOPATH=$build/path GOMODCACHE=$build/path/pkg/mod GOCACHE=$build/cache GOTMPDIR=$build/tmp GOWORK=off GOTOOLCHAIN=local
    GOFLAGS='-modcacherw -buildvcs=false -mod=readonly' CGO_ENABLED=0 # modcacherw: else rm -rf fails on read-only folders
    export GOENV XDG_CONFIG_HOME GOPATH GOMODCACHE GOCACHE GOTMPDIR GOWORK GOTOOLCHAIN GOFLAGS CGO_ENABLED
    mkdir -p "$part/bin" "$GOTMPDIR"
    unset GOOS GOARCH
    have=$(go env GOVERSION) || die "go on PATH doesn't run: $(go env GOVERSION 2>&1 | tail -n 1)"
    case $have in
        go1.[0-9] | go1.[0-9].* | go1.1[0-9]* | go1.2[0-5]*) die "no engine: building it needs Go >= 1.26, and $(command -v go) is $have: install a newer Go, or put 'pulumi' >= $oldest on PATH" ;;
    esac
    modules
    step "1 of 2: building the Python language host" go_build "$here/engine/python-host" \
        github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python pulumi-language-python || failed
    step "2 of 2: building the CLI (4 to 10 minutes on 2 cores)" go_build "$cli" \
        github.com/pulumi/pulumi/pkg/v3/cmd/pulumi pulumi || failed
    # Two scripts that the official archive has beside the binaries; they belong to the SDK's version, not the host's.
    sdk=$(cd "$cli" && go list -m -f '{{.Dir}}' github.com/pulumi/pulumi/sdk/v3 2>>"$log") || failed
    cp "$sdk/python/cmd/pulumi-language-python-exec" "$sdk/python/dist/pulumi-resource-pulumi-python" "$part/bin/" || failed
    chmod 755 "$part"/bin/*
}

# The modules that the CLI is built of: the pinned engine's as they are committed, another's as its own go.mod says.
modules() {
    cli=$here/engine/cli
    [ "$version" = "$pinned" ] || {
        cli=$tools/build/cli
        GOFLAGS='-modcacherw -buildvcs=false -mod=mod'
        step "which modules Pulumi $version is made of" sh "$here/engine/modules.sh" "$cli" "$version" || failed
    }
}

failed() {
    tail -n 5 "$log" >&2
    die "the engine could not be built (above: the last lines, all of them in $log): is the Go module proxy reachable (GOPROXY)? Run it again: what was already compiled is kept"
}

plugin() { # Optional: only `commands:` entries of a stack config need it. Asked for once, here, and never during a run.
    [ ! -e "$PULUMI_HOME/command-plugin.asked" ] || return 0
    mkdir -p "$PULUMI_HOME"
    if [ -z "$(command -v pulumi-resource-command || true)" ] && ! { reachable /dev/null "$installer" &&
        step "plug-in command $command_plugin" pulumi plugin install resource command "$command_plugin"; }; then
        say "the plug-in 'command' can't be fetched from here: everything works, except wa-rollout:commands entries (later: pulumi plugin install resource command $command_plugin)"
    fi
    : >"$PULUMI_HOME/command-plugin.asked"
}

# The language host comes with an engine; the one that is built from modules is older (docs/engines.md). Its file says which it is.
host() {
    if grep -qa "pulumi/sdk/v3@v$(version host)/" "$target/bin/pulumi-language-python"; then
        echo "the Python language host of SDK $(version host), built here"
    else
        echo "its own Python language host"
    fi
}

started=$(date +%s)
if ! installed && [ -e "$target" ]; then
    say "${target#"$home/"} isn't whole any more, made anew"
    rm -rf "$target"
fi
if [ $# -eq 0 ] && ! installed && on_path; then
    say "using Pulumi $found, found on PATH: $(command -v pulumi), with $(command -v pulumi-language-python)"
elif ! installed; then
    : >"$log"
    rm -rf "$part"
    official || from_modules
    PULUMI_HOME=$part/home "$part/bin/pulumi" version >>"$log" 2>&1 || die "the new engine $part/bin/pulumi doesn't run: see the end of $log"
    rm -rf "$part/home" "$target"
    mkdir -p "${target%/*}"
    mv "$part" "$target"
    rm -rf "$build"
    say "Pulumi $version ready in ${target#"$home/"} after $(($(date +%s) - started)) s, with $(host)"
elif [ $# -eq 0 ]; then
    say "using Pulumi $("$target/bin/pulumi" version) in .tools/pulumi, with $(host)"
fi
[ $# -eq 0 ] || exit 0
PATH=$target/bin:$PATH
plugin
