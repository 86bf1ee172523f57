"""Bad input at every door: what cannot be stored is refused in words, what was typed is kept, and nothing is stored half."""
