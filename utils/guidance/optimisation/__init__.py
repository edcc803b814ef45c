"""Optimisation of latents, batch after batch, and refinement by the simulation."""
