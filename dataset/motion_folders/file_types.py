"""Kinds of motions that a folder can hold."""

FILE_TYPES = ("mot", "npy", "mocap")
MUSCLE_DRIVEN = "muscle_driven"  # beside FILE_TYPES: the reference motions of a data root
