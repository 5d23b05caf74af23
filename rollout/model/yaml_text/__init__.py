"""A YAML text with its places: a tree, typed fields, and the edit of one line of it."""
