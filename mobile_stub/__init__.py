"""The wallet: speaks to services by protocol only."""
