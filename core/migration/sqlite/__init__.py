"""A plan as statements for SQLite: in place where ALTER TABLE can, else one rebuild per table. It runs none."""
