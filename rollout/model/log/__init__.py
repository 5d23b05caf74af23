"""What happened, from the stack's history and the flags' own records."""
