"""Command lines: one parser builder a script."""
