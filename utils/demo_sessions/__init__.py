"""Generation of the synthetic demo sessions, with simulated muscle activations."""
