"""Functions by which a joint's axes depend on coordinates, converted from OpenSim's to piecewise polynomials."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dataset.errors import InputError
from dataset.opensim.opensim_library import load_opensim
from models.conventions import COORDINATES
from models.skeleton.description import MAX_DEGREE, PiecewisePolynomial


def constant_function(value: float) -> PiecewisePolynomial:
    """A function that does not depend on any coordinate."""
    return PiecewisePolynomial(None, np.zeros(1), _padded([[value]]))


_MOST_KNOTS = 500


class JointFunctionReader:
    """The coordinates of one model, and its functions of them.

    Attributes:
        coordinates: independent OpenSim coordinates by name; those that a coupler determines are substituted, but for
            the 33 of a motion, of which each has a value of its own.
    """

    def __init__(self, model: Any, path: Path) -> None:
        """Read coordinates and couplers.

        Raises:
            InputError: a constraint is not a coordinate coupler, or not a linear one.
        """
        self._opensim = load_opensim()
        self._path = path
        couplers = self._read_couplers(model)
        self._couplers = {name: coupler for name, coupler in couplers.items() if name not in COORDINATES}
        all_coordinates = [model.getCoordinateSet().get(i) for i in range(model.getCoordinateSet().getSize())]
        self.coordinates: dict[str, Any] = {
            one.getName(): one for one in all_coordinates if one.getName() not in self._couplers
        }
        self._index = {name: i for i, name in enumerate(self.coordinates)}

    def linear(self, coordinate: str) -> PiecewisePolynomial:
        """The identity of one coordinate."""
        return PiecewisePolynomial(self._index[coordinate], np.zeros(1), _padded([[0.0, 1.0]]))

    def convert(self, function: Any, driver: str | None, joint: str) -> PiecewisePolynomial:
        """Convert an OpenSim function.

        Args:
            function: the `opensim.Function`.
            driver: name of the coordinate that it depends on, or None.
            joint: name of the joint, for error messages.

        Raises:
            InputError: a function of this kind is not supported.
        """
        starts, coefficients = self._pieces(function, joint)
        if driver is None:
            return constant_function(coefficients[0, 0])
        if driver in self._couplers:
            driver, slope, intercept = self._couplers[driver]
            # f(slope * q + intercept): each piece is measured from its start and rescaled to the driving coordinate.
            starts = (starts - intercept) / slope
            coefficients = coefficients * slope ** np.arange(MAX_DEGREE + 1)
            if slope < 0 and len(starts) > 1:
                raise InputError(f"{self._path}: joint '{joint}' has a spline driven by a coupler of negative slope")
        return PiecewisePolynomial(self._index[driver], starts, coefficients)

    def _read_couplers(self, model: Any) -> dict[str, tuple[str, float, float]]:
        """For each dependent coordinate, the independent coordinate, the slope and the intercept."""
        couplers = {}
        for i in range(model.getConstraintSet().getSize()):
            constraint = model.getConstraintSet().get(i)
            coupler = self._opensim.CoordinateCouplerConstraint.safeDownCast(constraint)
            if coupler is None:
                raise InputError(
                    f"{self._path}: constraint '{constraint.getName()}' is a {constraint.getConcreteClassName()}; "
                    "only coordinate couplers are supported"
                )
            independent, name = coupler.getIndependentCoordinateNames(), coupler.getName()
            (_, *others), coefficients = self._pieces(coupler.getFunction(), name)
            intercept, slope, *higher = coefficients[0]
            scale = self._opensim.PropertyHelper.getValueDouble(coupler.getPropertyByName("scale_factor"))
            is_plain = coupler.get_isEnforced() and scale == 1 and independent.getSize() == 1
            if others or any(higher) or not slope or not is_plain:
                raise InputError(
                    f"{self._path}: coupler '{name}' is not supported; expected an enforced one that is linear in one "
                    "coordinate, with a slope and with the scale factor 1"
                )
            couplers[coupler.getDependentCoordinateName()] = (independent.get(0), slope, intercept)
        return couplers

    def _pieces(self, function: Any, owner: str) -> tuple[np.ndarray, np.ndarray]:
        """Starts (P,) and coefficients (P, MAX_DEGREE + 1) of the pieces of an OpenSim function."""
        opensim, kind = self._opensim, function.getConcreteClassName()
        if kind == "MultiplierFunction":
            multiplier = opensim.MultiplierFunction.safeDownCast(function)
            starts, coefficients = self._pieces(multiplier.getFunction(), owner)
            return starts, coefficients * multiplier.getScale()
        if kind == "Constant":
            return np.zeros(1), _padded([[opensim.Constant.safeDownCast(function).getValue()]])
        if kind == "LinearFunction":
            linear = opensim.LinearFunction.safeDownCast(function)
            return np.zeros(1), _padded([[linear.getIntercept(), linear.getSlope()]])
        if kind == "PolynomialFunction":
            descending = opensim.PolynomialFunction.safeDownCast(function).getCoefficients().to_numpy()
            if len(descending) > MAX_DEGREE + 1:
                raise InputError(
                    f"{self._path}: joint '{owner}' has a polynomial of degree {len(descending) - 1}; at most "
                    f"{MAX_DEGREE} is supported"
                )
            return np.zeros(1), _padded([descending[::-1]])
        if kind == "SimmSpline":
            return self._spline_pieces(opensim.SimmSpline.safeDownCast(function), owner)
        raise InputError(f"{self._path}: joint '{owner}' has a function of kind {kind}, which is not supported")

    def _spline_pieces(self, spline: Any, owner: str) -> tuple[np.ndarray, np.ndarray]:
        """A SimmSpline's cubics, each recovered from four of its values; beyond its ends the spline is linear."""
        if not 2 <= spline.getSize() <= _MOST_KNOTS:
            raise InputError(
                f"{self._path}: joint '{owner}' has a spline of {spline.getSize()} points; expected 2 to {_MOST_KNOTS}"
            )
        knots = np.array([spline.getX(i) for i in range(spline.getSize())])
        thirds = np.arange(4) / 3.0
        vandermonde = np.vander(thirds, 4, increasing=True)
        pieces = []
        for left, right in zip(knots[:-1], knots[1:], strict=True):
            values = [spline.calcValue(self._opensim.Vector(1, left + t * (right - left))) for t in thirds]
            pieces.append(np.linalg.solve(vandermonde, values) / (right - left) ** np.arange(4))
        first = [pieces[0][0], pieces[0][1]]
        width = knots[-1] - knots[-2]
        last = [np.polyval(pieces[-1][::-1], width), np.polyval(np.polyder(pieces[-1][::-1]), width)]
        return np.concatenate([knots[:1], knots]), _padded([first, *pieces, last])


def _padded(rows: Sequence[Sequence[Any] | np.ndarray]) -> np.ndarray:
    """Coefficients of ascending powers, filled up with zeros to (len(rows), MAX_DEGREE + 1)."""
    coefficients = np.zeros((len(rows), MAX_DEGREE + 1))
    for i, row in enumerate(rows):
        coefficients[i, : len(row)] = row
    return coefficients
