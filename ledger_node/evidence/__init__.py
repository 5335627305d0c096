"""The public half of evidence files, for whoever holds a receipt."""
