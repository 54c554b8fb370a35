"""The bot's modules: the folder of the user first, then the modules that come with Aha. The application sets the path."""
