"""Pages and APIs over HTTP: app factory, errors, limits, languages."""
