"""Changing code while the bot runs: modules are imported anew, come and go, and what they registered goes with them.

`reloader` takes wishes, `work` carries one out. `change` finds out which modules it concerns by `reading` their files,
and `units` divides them; `unit` replaces one, and `way_back` has its old code until then. `coming` imports and starts
what comes, also when the bot starts. `outcome` and `notes` say how it went.
"""
