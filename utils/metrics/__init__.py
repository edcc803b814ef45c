"""Metrics of generated motion: the published definitions and extended metrics, always reported apart."""
