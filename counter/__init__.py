"""Counter service: cases, and the faces of a counter."""
