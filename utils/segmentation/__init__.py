"""Segmentation of trials into repetitions."""
