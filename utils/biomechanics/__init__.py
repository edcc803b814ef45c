"""Biomechanical quantities, batched, masked and differentiable, for guidance, metrics and reports alike.

A quantity turns a `Context` (motions, and on demand their activations and foot points) into a `Trace`, its value at
every frame; a statistic turns the trace into one number per motion and channel:

    context = Context(motion, skeleton=skeleton, surrogate=surrogate)
    trace = evaluate_quantity("knee_flexion", context)           # .values (B, T, 2): left, right; .valid (B, T)
    deepest = summarise(trace, "max")                   # (B, 2) degrees

A quantity is one decorated function in `utils.biomechanics.quantities`, and is then known everywhere by its name.
"""

from utils.biomechanics import quantities

__all__ = ["quantities"]
