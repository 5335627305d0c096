"""Offers: who may fetch which certificates, by a code and a transaction code."""
