"""The plan: its days, where a domain stands in it, and what may be promoted next."""
