"""The page for a pull request, made from `pulumi preview`."""
