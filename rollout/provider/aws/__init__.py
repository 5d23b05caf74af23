"""What talks to AWS: calls, alarms, dashboards, topics, the records' bucket."""
