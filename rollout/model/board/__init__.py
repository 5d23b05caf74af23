"""What the board says, as values; `rollout.commands.board` reads for it and writes the page."""
