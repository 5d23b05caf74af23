"""The page that a colleague decides from."""
