"""Simulation of recorded repetitions by static optimisation."""
