"""Wishes to a bot that runs: from another terminal, from a chat, from files that change. What is done, others do.

`serving` takes all of them for a run of a bot. `sockets`, `server` and `client` are the way from another terminal,
`wishes` what goes over it; `chat` takes those of super users, which `pending` keeps over a restart.
"""
