"""The modules of the bot: those in the user's folder, then those that come with Aha. The application sets the path."""
