"""A witness of other municipalities' logs: it signs what extends what it has signed before."""
