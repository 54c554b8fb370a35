"""A chat in the terminal or through a pipe. Its files: who speaks, what is shown, and the two kinds of screen."""

from bots.console.adapter import Console

__all__ = ["Console"]
