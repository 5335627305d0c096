"""What makes the head of a chain final, one module for each engine."""
