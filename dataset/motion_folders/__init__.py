"""Folders of motion files, read by subject for evaluation."""
