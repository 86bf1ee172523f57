"""The identity vault: sealed, asked for with a reason, noted, never told elsewhere; and the same child found at two hospitals."""
