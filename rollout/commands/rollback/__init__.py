"""The emergency: the store first, everything else after."""
