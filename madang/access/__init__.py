"""Who may act: OAuth grants, staff sessions, roles, service tokens."""
