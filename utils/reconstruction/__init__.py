"""Reconstruction and sampling with a trained VQ-VAE."""
