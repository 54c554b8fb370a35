"""What a database shows of its tables, and what it would show of the models' ones. It compares nothing."""
