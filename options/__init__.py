"""Command lines of the root scripts: one module with the parser of each."""
