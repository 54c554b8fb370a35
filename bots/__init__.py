"""Protocol adapters: how chat platforms reach the bot. They know events and replies, never the dispatcher."""
