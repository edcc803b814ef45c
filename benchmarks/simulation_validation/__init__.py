"""Comparison of the simulation with OpenCap's own simulations and with force plates."""
