"""The plan with its dates, and what can be decided in its soaks."""
