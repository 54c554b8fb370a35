"""What Aha costs, measured against peers in the same run. Nothing here is part of the distribution."""
