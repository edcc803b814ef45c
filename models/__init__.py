"""What has parameters or physics: VQ-VAE, quantizers, surrogate, skeleton, muscles."""
