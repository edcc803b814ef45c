"""Repetitions, windows and batches, made from recorded trials."""
