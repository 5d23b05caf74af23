"""The operator's commands: the only place that reads and writes this project's files. The rules stand in `rollout/`."""
