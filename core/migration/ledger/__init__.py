"""What a database remembers of its migrations, and what can be told from it: whose tables, what is unused."""
