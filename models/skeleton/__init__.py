"""Kinematics, dynamics and inverse kinematics of a subject's OpenSim skeleton, batched and differentiable."""
