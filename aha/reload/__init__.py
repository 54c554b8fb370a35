"""Changing code while the bot runs: modules are imported anew, come and go, and what they registered goes with them.

`reloader` is what others ask; `units` decides what goes together, `unit` reloads that, `outcome` says how it went.
"""
