"""Latents of guidance: initial values, the training latents, and how latents are updated."""
