"""A user's script (`wa-rollout:commands`): the door to the plug-in that starts it, and what runs it there."""
