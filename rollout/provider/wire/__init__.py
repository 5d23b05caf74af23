"""gRPC with the engine: the only place that knows the protocol."""
