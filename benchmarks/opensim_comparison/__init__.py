"""Comparison of simulations with OpenSim's own tools."""
