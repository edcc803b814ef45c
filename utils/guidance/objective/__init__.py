"""What guidance asks of a motion: constraints, their grammar, the published terms and proximity."""
