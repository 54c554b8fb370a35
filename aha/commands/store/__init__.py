"""`aha store`: the SimpleStores of the bot as its owner sees them. What a command does stands in a file of its own."""

from __future__ import annotations

from cyclopts import App

app = App(name="store", help="Look at what modules have in their SimpleStores, and change it.")
_HERE = __name__
app.command(f"{_HERE}.look:list_", name="list", help="List the stores: how much each holds, and what waits.")
app.command(f"{_HERE}.look:show", name="show", help="List what the store of a module holds; the bot may run.")
app.command(f"{_HERE}.look:get", name="get", help="Print one value as `set` takes it.")
app.command(f"{_HERE}.change:set_", name="set", help="Store a value; the bot must not run.")
app.command(f"{_HERE}.change:delete", name="delete", help="Delete a key; the bot must not run.")
app.command(f"{_HERE}.carry:export", name="export", help="Write a store to a file; the bot may run.")
app.command(f"{_HERE}.carry:import_", name="import", help="Read such a file into a store, all of it or nothing.")
app.command(f"{_HERE}.quarantine:app", name="quarantine", help="List what cannot be read, and what can be done.")
app.command(f"{_HERE}.trust:trust", name="trust", help="Sign anew what is not signed here, once you know what it is.")
