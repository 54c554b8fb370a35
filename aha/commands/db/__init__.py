"""`aha db`: the bot's database as its owner sees it. What a command does stands in a file of its own."""

from __future__ import annotations

from cyclopts import App

app = App(name="db", help="Look at the database, bring it up to date, back it up.")
_HERE = __name__
app.command(f"{_HERE}.plan:plan", name="plan", help="Say what the next start would do to the tables; change nothing.")
app.command(f"{_HERE}.plan:check", name="check", help="Exit with 0 if nothing is to be done, else with 1.")
app.command(f"{_HERE}.migrate:migrate", name="migrate", help="Bring the tables up to date without starting the bot.")
app.command(f"{_HERE}.look:history", name="history", help="List what was done to the tables, and when.")
app.command(f"{_HERE}.look:owners", name="owners", help="List the tables with the modules that they belong to.")
app.command(f"{_HERE}.look:unused", name="unused", help="List tables and columns that no module declares any more.")
app.command(f"{_HERE}.kept:kept", name="kept", help="List values that could not follow a change, or put them back.")
app.command(f"{_HERE}.prune:prune", name="prune", help="Remove what is unused or kept, after a backup.")
app.command(f"{_HERE}.backup:backup", name="backup", help="Save the database in a file; the bot may run.")
app.command(f"{_HERE}.backup:restore", name="restore", help="Make the database what it was at a backup.")
app.command(
    f"{_HERE}.copy:copy", name="copy", help="Copy everything to a database of the other kind, SQLite or PostgreSQL."
)
