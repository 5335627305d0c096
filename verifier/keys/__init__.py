"""Keys by which agencies' own programs call the verifier."""
