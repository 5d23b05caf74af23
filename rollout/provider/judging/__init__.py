"""Everything a raise is judged by, gathered: live values, counts, probes, records."""
