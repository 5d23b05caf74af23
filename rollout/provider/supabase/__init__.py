"""A Supabase project's Management API: for the mirror, and for nothing else."""
