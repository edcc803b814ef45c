"""Kinematics and dynamics of a subject's OpenSim skeleton in batched, differentiable torch."""
