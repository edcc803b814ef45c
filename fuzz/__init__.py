"""Fuzzing of every reader: damaged and hostile files, each read in a process of its own whose end is observed."""
