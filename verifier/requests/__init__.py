"""Requests of agencies: anything that may be asked, by API or composed on a page."""
