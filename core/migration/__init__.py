"""Bringing the tables of the modules up to date: compare, plan, back up, apply, settle. See docs/adr/0009.

`start.expand` and `start.settle` are what a start does; `start.plan_only` is for whoever only wants to look.
"""
