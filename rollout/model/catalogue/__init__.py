"""`domains.yaml`: what the domains are, how they are measured, and what their rules allow."""
