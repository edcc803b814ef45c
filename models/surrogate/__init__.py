"""Surrogate of muscle activation: a network from joint kinematics to activations."""
