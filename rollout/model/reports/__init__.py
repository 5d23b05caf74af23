"""What the reports say, as values; `rollout.commands.report` writes them."""
