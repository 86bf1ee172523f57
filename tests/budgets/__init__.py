"""How many questions a page asks the database: a fixed number, whatever is stored. Times live in ``benchmarks/`` only."""
