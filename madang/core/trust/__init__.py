"""Who is trusted for what: attesters per type and X.509 chains."""
