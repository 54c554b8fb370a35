"""Pure helpers: text codes and SQL statements. They keep no state."""
