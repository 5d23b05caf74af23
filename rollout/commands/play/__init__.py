"""The days, walked through by hand on the local stack: one key a step, by the commands that a person would type."""
