"""Who is accredited, published: the registry at a final block, signed and whole."""
