"""The 21 days played on the local stack: the real engine, the real commands, simulated traffic, a virtual clock."""
