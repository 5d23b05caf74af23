"""One flag: its name and tags in the store, its legal moves, and its own record."""
