"""The commands of `aha`, one file each. `aha.cli` imports a file only when its command is given."""
