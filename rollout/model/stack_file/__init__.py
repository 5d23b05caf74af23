"""`Pulumi.<stack>.yaml`: percents and entries, read strictly and written line by line."""
