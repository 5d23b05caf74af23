"""Alert policies as alarms, the topics they tell, and the dashboards beside them."""
