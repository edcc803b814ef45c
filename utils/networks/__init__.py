"""Trained networks, loaded to be used and not to be trained."""
