"""The pulumi command, its processes and its locks."""
