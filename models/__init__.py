"""Values: events, message segments, users, groups, errors. They hold no connection and no state of the bot."""
