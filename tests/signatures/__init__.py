"""Electronic signatures: what is bound, who signs, what supersedes, what is found."""
