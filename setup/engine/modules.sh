#!/bin/sh
# Writes the module file that a version of the CLI is built by: every version as the engine's own go.mod has it, replacements too.
# Usage: sh setup/engine/modules.sh FOLDER VERSION, with Go on PATH. Used by setup/engine.sh for a second engine, and by make bump.
set -eu
folder=$1 version=$2 module=github.com/pulumi/pulumi/pkg/v3
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"
printf 'module wa-rollout/setup/cli\n\ngo 1.26\n' >go.mod
own=$(GOFLAGS=-modcacherw go mod download -json "$module@v$version" | sed -n 's/^[[:space:]]*"GoMod": "\(.*\)",*$/\1/p')
[ -f "$own" ] || { echo "modules: $module v$version isn't served: an engine of another version?" >&2; exit 1; }
# A module's replacements count for nobody but itself; what replaces by a folder is of its own repository, and left out.
sed -n 's/^go \(.*\)/go=\1/p; /^replace (/,/^)/{/=>/p;}; s/^replace \(.*=>.*\)/\1/p' "$own" | while IFS= read -r line; do
    case $line in
        go=*) go mod edit -go="${line#go=}" ;;
        *'=> .'* | *'=> /'*) ;;
        *)
            # shellcheck disable=SC2086 # words: OLD [VERSION] => NEW VERSION
            set -- $line
            old=$1
            [ "$2" = '=>' ] || { old=$1@$2; shift; }
            go mod edit -replace="$old=$3@$4"
            ;;
    esac
done
go mod edit -require="$module@v$version" -tool="$module/cmd/pulumi"
GOFLAGS='-modcacherw -mod=mod' go mod tidy
