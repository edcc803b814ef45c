"""The surrogate: joint kinematics to muscle activations."""
