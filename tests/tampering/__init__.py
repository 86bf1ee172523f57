"""Ways to alter, hide or forge history: each is refused, or found by the verification with the row named."""
