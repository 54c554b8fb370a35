"""What the owner asks for: looking ahead, what there is and whose, putting back, removing. A start needs none of it."""
