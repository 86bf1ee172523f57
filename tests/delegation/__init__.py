"""The delegation log: who gives which rights to whom, by whose signature, after which training; and who looks at it."""
