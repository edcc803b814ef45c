"""Metrics of generated motion: the published definitions, and sounder ones beside them, always told apart."""
