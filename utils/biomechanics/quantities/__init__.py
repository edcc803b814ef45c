"""The biomechanical quantities, by region of the body. Importing this package registers all of them."""

from utils.biomechanics.quantities import feet, joints, muscles, trunk

__all__ = ["feet", "joints", "muscles", "trunk"]
