"""Training of the VQ-VAE and the surrogate."""
