"""Folders with which OpenSim's own tools repeat a simulation."""
