"""Certificate types as data: model, parser, checks."""
