"""OAuth 2.0 as far as issuing needs it: the pre-authorized code grant and its metadata."""
