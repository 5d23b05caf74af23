"""Where counts come from: a protocol, and who keeps it."""
