"""Values that could not follow a change: kept with the keys of their rows, and put back when they can."""
