"""Readers of OpenSim models: skeletons, bone meshes, muscle geometry and muscle paths."""
