"""A plan as statements for PostgreSQL, in place, with what others built on the tables. It runs none."""
