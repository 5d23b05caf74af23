# Sourced by python.sh and engine.sh: where things are, and one way to show progress. Needs `name` set by its caller.
# shellcheck shell=sh
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
home=${SETUP_HOME:-$(dirname -- "$here")} # an installed wheel's scripts (`rollout setup`) set up the project that they are told
tools=$home/.tools
log=$tools/$name.log
mkdir -p "$tools/tmp" || { echo "$name: can't write in $home: set-up keeps everything there; make the folder writable" >&2; exit 1; }
export TMPDIR="$tools/tmp" # nothing is written outside the project's folder, temporary files too

# pip asks `rustc` for its version, to name it to the index; rustup's stand-in for it would make a ~/.rustup for that.
export RUSTUP_HOME="$tools/cache/rustup" CARGO_HOME="$tools/cache/cargo"

# version KEY: what setup/versions has for it.
version() { sed -n "s/^$1=//p" "$here/versions"; }
say() { echo "$name: $*"; }
die() { echo "$name: $*" >&2; exit 1; }

# Two set-ups at the same time would remove each other's half-built things: the second waits for the first, and says so.
# The lock is let go by the kernel, however its holder ends.
if [ -z "${SETUP_LOCKED:-}" ] && command -v flock >/dev/null 2>&1; then
    flock -n "$tools/lock" true || say "another set-up is under way in this folder; waiting for it to end"
    SETUP_LOCKED=1 exec flock "$tools/lock" sh "$0" "$@"
fi

# step TITLE COMMAND...: runs it with its output in the log, a line every 30 s (plain lines: a CI log has no cursor).
# Answers the command's exit code. An interrupt ends the command too: sh would leave it running.
step() {
    title=$1
    shift
    say "$title"
    echo "== $title" >>"$log"
    "$@" >>"$log" 2>&1 &
    child=$!
    trap 'kill $child 2>/dev/null; exit 130' INT TERM
    seconds=0
    while kill -0 "$child" 2>/dev/null; do
        sleep 1
        seconds=$((seconds + 1))
        [ $((seconds % 30)) -ne 0 ] || say "$title: $seconds s"
    done
    trap - INT TERM
    wait "$child"
}
