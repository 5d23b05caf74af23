"""The gate's decisions, played: whole migrations and single rungs, on the product's own functions."""
