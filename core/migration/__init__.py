"""Bringing the tables of the modules up to date: compare, plan, back up, apply, settle. See docs/adr/0009."""
