"""Muscle-tendon mechanics and static optimisation."""
