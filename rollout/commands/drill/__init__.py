"""A timed rollback on a copy."""
