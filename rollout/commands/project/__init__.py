"""This project's files, its git, and what the terminal shows of a long step."""
