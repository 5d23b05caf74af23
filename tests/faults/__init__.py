"""The fault matrix: every call of every command, broken in every way that networks and services break, and what must hold then.

`make bench ARGS=faults` plays all of it, `make test` a sample (tests/provider/test_faults.py, tests/engine/test_faults.py).
"""
