"""Where flags live: a protocol, who keeps it, and the ways up and down."""
