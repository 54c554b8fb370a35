"""From models, database and records to a plan: compare, ask the rows, judge. Nothing is changed in the database."""
