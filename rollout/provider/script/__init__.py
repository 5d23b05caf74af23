"""A user's script (`wa-rollout:commands`): the door to the plug-in that starts it, and what runs it there."""


def wanted() -> str:
    """The version of the plug-in that the SDK asks for: of the package that speaks to it."""
    from importlib import metadata  # only where there are scripts and no plug-in

    return metadata.version("pulumi-command")
