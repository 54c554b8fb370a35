"""OneBot v11 over WebSocket, in both directions. Its files: what frames say, one connection, who connects whom."""

from bots.onebot.adapter import OneBot

__all__ = ["OneBot"]
