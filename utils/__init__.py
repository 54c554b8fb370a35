"""Small helpers that know nothing of a bot: text codes, SQL statements, forks, cancellation. They keep no state."""
