"""The traffic source of the local stack: what the services would report, by a scenario, to the simulator.

`source` is pure; `publish` writes one period; `loop` does so as time goes by, inside the simulator's process.
"""
