"""How values follow when the type of their column changes, the same on SQLite and PostgreSQL."""
