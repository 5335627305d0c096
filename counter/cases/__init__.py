"""Cases: one person at the counter, from identity to certificates."""
