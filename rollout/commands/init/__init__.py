"""`init`: a project of one's own, made from a few answers; everything else comes from the installed package."""
