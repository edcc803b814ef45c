"""Synthetic demo subjects in OpenCap's folder layout."""
