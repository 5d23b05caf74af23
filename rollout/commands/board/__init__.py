"""Writes the board: one page that needs no server and asks nothing of anybody, and its local server."""
