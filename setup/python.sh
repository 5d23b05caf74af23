#!/bin/sh
# The Python environments: .venv (what a preview imports, and no more) and .venv-dev (simulator and tests on top).
# Usage: sh setup/python.sh [run|dev|all]. Does nothing where the requirements file is the one that is installed.
#        sh setup/python.sh sdk VERSION    .venv's packages with another Pulumi SDK, for tests, in .tools/sdks/VERSION
set -eu
name=python
. "$(dirname -- "$0")/common.sh"
unset PIP_TARGET PIP_PREFIX PIP_USER PYTHONHOME PYTHONPATH # any of these would install elsewhere

find_python() {
    for candidate in python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            command -v "$candidate"
            return
        fi
    done
    die "no Python >= 3.11 with its venv module on PATH (tried python3, python3.13, python3.12, python3.11): install one (Debian: python3 and python3-venv), then run this again"
}

# environment FOLDER REQUIREMENTS. The copy of the requirements inside is written last: half-installed never counts.
environment() {
    folder=$home/$1
    wanted=$home/$2
    if cmp -s "$wanted" "$folder/requirements.txt"; then
        ! gone=$("$folder/bin/python" -I "$here/whole.py" "$wanted" 2>/dev/null) || return 0
        say "$1: not whole any more, made anew (gone: ${gone:-its Python})"
    fi
    python=$(find_python) || exit 1
    # Compiled is what a preview starts; the other environment compiles what a run imports, which is a third of it.
    compile=--compile
    [ "$1" = .venv ] || compile=--no-compile
    started=$(date +%s)
    : >"$log"
    rm -rf "$folder" # hashes pin what is in it; a removed package must go too
    step "$1: creating it with $("$python" -V)" "$python" -m venv "$folder" ||
        die "$1 could not be created; the last lines of $log say why: $(tail -n 3 "$log")"
    # --require-hashes: a package that isn't the reviewed one is refused, whichever mirror it comes from. Wheels only: a source
    # package would run code and fetch build tools that no hash pins.
    step "$1: installing $(grep -c '==' "$wanted") packages of $2" \
        "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --require-hashes \
        --only-binary=:all: "$compile" --cache-dir "$tools/cache/pip" -r "$wanted" || {
        tail -n 5 "$log" >&2
        die "$1 could not be installed from $2 (above: pip's last lines, all of them in $log): is the package index reachable? pip's own settings (PIP_INDEX_URL, pip.conf) are used as they are"
    }
    # What `venv` put there and nobody asked for: its .pth file costs each start of Python a moment.
    grep -q '^setuptools==' "$wanted" || "$folder/bin/python" -m pip uninstall --quiet --disable-pip-version-check --no-input --yes setuptools >>"$log" 2>&1 || :
    cp "$wanted" "$folder/requirements.txt"
    say "$1: ready after $(($(date +%s) - started)) s"
}

command_line() {
    cmp -s "$here/rollout.sh" "$home/.venv/bin/rollout" || install -m 755 "$here/rollout.sh" "$home/.venv/bin/rollout"
}

# No hashes: the SDK's own are of another version. Nothing that a user runs uses this one.
other_sdk() {
    folder=$tools/sdks/$1
    [ ! -e "$folder/ready" ] || return 0
    python=$(find_python) || exit 1
    : >"$log"
    rm -rf "$folder"
    sed -n 's/ \\$//; s/^pulumi==.*/pulumi=='"$1"'/; /^[a-z].*==/p' "$home/requirements.txt" >"$tools/tmp/sdk.txt"
    step "SDK $1: creating .tools/sdks/$1" "$python" -m venv "$folder" &&
        step "SDK $1: installing it" "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
            --only-binary=:all: --no-deps --cache-dir "$tools/cache/pip" -r "$tools/tmp/sdk.txt" ||
        die "SDK $1 could not be installed: see the end of $log"
    : >"$folder/ready"
    say "SDK $1 ready in .tools/sdks/$1"
}

case ${1:-all} in
    run)
        environment .venv requirements.txt
        command_line
        ;;
    dev) environment .venv-dev requirements-dev.txt ;;
    simulator) environment .venv-dev .local/requirements-simulator.txt ;; # of a project that an installed wheel made
    all)
        environment .venv requirements.txt
        command_line
        environment .venv-dev requirements-dev.txt
        ;;
    sdk) other_sdk "${2:?which version? sh setup/python.sh sdk 3.259.0}" ;;
    *) die "unknown argument '$1'; one of: run, dev, all, sdk VERSION" ;;
esac
