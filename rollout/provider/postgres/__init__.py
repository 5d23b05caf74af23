"""A project's own PostgreSQL: where it is, how it is asked, and the alert policies that stand in it."""
