"""What modules build on beyond the core, such as SimpleStore."""
