"""From recorded trials to repetitions, windows and batches."""
