"""Pulumi's generated gRPC modules as a package of this name, without the rest of its SDK.

`import pulumi`, and so `import pulumi.runtime.proto`, brings tracing, the automation API and dill along: 0.1 s of every
preview, and none of it serves a provider. The modules are the SDK's own, of the version that requirements.txt pins; they
import each other by relative names, so any package with their folder as its path will do. A process that imports
`pulumi` as well gets the same message classes.
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulumi.runtime.proto import engine_pb2 as engine_pb2
    from pulumi.runtime.proto import engine_pb2_grpc as engine_pb2_grpc
    from pulumi.runtime.proto import plugin_pb2 as plugin_pb2
    from pulumi.runtime.proto import provider_pb2 as provider_pb2
    from pulumi.runtime.proto import provider_pb2_grpc as provider_pb2_grpc
    from pulumi.runtime.proto import status_pb2 as status_pb2

_sdk = find_spec("pulumi")
if _sdk is None or not _sdk.submodule_search_locations:
    raise ImportError("Pulumi's Python SDK is missing: run 'make up' once (or setup/python.sh)")
__path__ = [f"{folder}/runtime/proto" for folder in _sdk.submodule_search_locations]
