"""Networks and physics: VQ-VAE, surrogate, skeleton, muscles, and the conventions that all packages share."""
