"""The biomechanical quantities, by region of the body. Importing this package registers all of them."""

from utils.biomechanics.quantities import feet, forces, joints, muscles, own, stance, tempo, trunk, wholeness

__all__ = ["feet", "forces", "joints", "muscles", "own", "stance", "tempo", "trunk", "wholeness"]
