"""The guide for residents: which certificates and programmes there are, and what each asks."""
