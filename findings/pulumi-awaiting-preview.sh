#!/bin/sh
# A preview in which a resource is awaiting (a provider's ErrorResourceAwaitFailed) ends with the exit code of its own, 10, and
# its event says `awaited`, but its diagnostic is an error: "Preview failed: resource is awaiting", where an `up` says the same as a warning.
# `pulumi up` then ends with that preview, code 10: what doesn't wait is carried out by --skip-preview alone. And an SDK from 3.271 on
# writes the placeholder id of an unknown into the stack's outputs, where an output of such a resource is exported.
# Seen with engine 3.276.0, SDK 3.272.0. Needs `pulumi` >= 3.274 with its Python language host on PATH, and python3 with
# its venv module; installs pulumi 3.272.0 from the package index. Exit code 0: as seen; 1: it changed; 2: it could not be tried.
set -eu
command -v pulumi >/dev/null 2>&1 && command -v pulumi-language-python >/dev/null 2>&1 || { echo "no pulumi with its Python host on PATH" >&2; exit 2; }
engine=$(PULUMI_SKIP_UPDATE_CHECK=true pulumi version)
minor=$(echo "$engine" | sed -n 's/^v*3\.\([0-9]*\)\..*/\1/p')
[ "${minor:-0}" -ge 274 ] || { echo "pulumi $engine: needs 3.274 or newer" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" || exit 2
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check pulumi==3.272.0 || exit 2
sdk=$("$folder/venv/bin/python" -c "from importlib.metadata import version; print(version('pulumi'))")
# What runs here is asked past any proxy.
near="127.0.0.1,localhost,${NO_PROXY:-${no_proxy:-}}"
export NO_PROXY="$near" no_proxy="$near"
mkdir -p "$folder/project/bin" "$folder/state"
cd "$folder/project"
cat >Pulumi.yaml <<EOF
name: awaits
runtime: {name: python, options: {virtualenv: ../venv}}
plugins: {providers: [{name: waits, path: bin}]}
EOF
cat >__main__.py <<'EOF'
import pulumi
class Row(pulumi.CustomResource):
    size: pulumi.Output[int]
    def __init__(self, name, size):
        super().__init__("waits:index:Row", name, {"size": size})
pulumi.export("waiting", Row("waiting", 1).size)
pulumi.export("free", Row("free", 2).size)
EOF
cat >bin/pulumi-resource-waits <<EOF
#!$folder/venv/bin/python
EOF
cat >>bin/pulumi-resource-waits <<'EOF'
import asyncio, grpc
from google.protobuf import any_pb2, empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2 as p, provider_pb2_grpc, status_pb2
class Waits(provider_pb2_grpc.ResourceProviderServicer):
    async def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="1.0.0")
    async def CheckConfig(self, request, context):
        return p.CheckResponse(inputs=request.news)
    async def DiffConfig(self, request, context):
        return p.DiffResponse()
    async def Configure(self, request, context):
        return p.ConfigureResponse(supportsPreview=True)
    async def Check(self, request, context):
        return p.CheckResponse(inputs=request.news)
    async def Create(self, request, context):
        if request.urn.endswith("::waiting"):
            word = any_pb2.Any()
            word.Pack(p.ErrorResourceAwaitFailed())
            status = status_pb2.Status(code=9, message="not yet", details=[word]).SerializeToString()
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not yet", (("grpc-status-details-bin", status),))
        return p.CreateResponse(id="" if request.preview else "made", properties=request.properties)
    async def Cancel(self, request, context):
        return empty_pb2.Empty()
async def main():
    server = grpc.aio.server()
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Waits(), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    await server.start()
    await server.wait_for_termination()
asyncio.run(main())
EOF
chmod 755 bin/pulumi-resource-waits
export PULUMI_HOME="$folder/home" PULUMI_BACKEND_URL="file://$folder/state" PULUMI_CONFIG_PASSPHRASE=none PATH="$folder/venv/bin:$PATH"
export PULUMI_SKIP_UPDATE_CHECK=true PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true
unset PULUMI_STACK PULUMI_CONTINUE_ON_ERROR PULUMI_RUN_PROGRAM
pulumi stack init one --non-interactive >/dev/null || exit 2
code=0
pulumi preview --non-interactive --color never >"$folder/preview" 2>&1 || code=$?
up=0
pulumi up --yes --non-interactive --color never >"$folder/up" 2>&1 || up=$?
skip=0
pulumi up --yes --skip-preview --non-interactive --color never >"$folder/skip" 2>&1 || skip=$?
output=$(pulumi stack output waiting --non-interactive)
echo "engine $engine, SDK $sdk"
echo "preview: exit code $code; $(grep -o '[a-z]*: .*resource is awaiting' "$folder/preview" | head -n 1)"
echo "up: exit code $up; updating: $(grep -c '^Updating' "$folder/up" || :)"
echo "up --skip-preview: exit code $skip; $(grep -o '[a-z]*: .*resource is awaiting' "$folder/skip" | head -n 1); $(grep -o '1 created\|2 created' "$folder/skip")"
echo "stack output: $output"
grep -q 'error: .*Preview failed: resource is awaiting' "$folder/preview" && [ "$code" -eq 10 ] && [ "$up" -eq 10 ] && [ "$skip" -eq 10 ] &&
    ! grep -q '^Updating' "$folder/up" && grep -q 'warning: resource is awaiting' "$folder/skip" &&
    [ "$output" = 04da6b54-80e4-46f7-96ec-b56ff0331ba9 ]
