"""Guidance: optimise a latent until its decoded motion meets the constraints."""
