"""Records of issued certificates, their status, and the published status lists."""
