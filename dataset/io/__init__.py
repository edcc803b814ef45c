"""Readers and writers of motion, animation and array files."""
