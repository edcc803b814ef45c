"""Guided motions are re-simulated, not only believed: what the physics says of what the surrogate promised."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.conventions import FRAME_RATE_HZ, MUSCLE_INDEX
from models.muscles.simulation_settings import FILTER_MARGIN_S
from models.muscles.static_optimization import ActivationSimulator, Simulation
from utils.guidance.guided_sample import GuidedSample

_TOLERANCE = 0.05  # of activation, between what was promised and what the simulation finds


@dataclass(frozen=True)
class Verification:
    """What the simulation says of S motions, all on the CPU.

    activations: (S, T, 80). predicted, simulated: (S, 2) peak activation of the muscle, left and right, without the
    first and last 0.2 s. residual_n: (S,) RMS force that neither ground nor gravity explains. ground_share: (S,) mean
    share of the vertical force under the right foot.
    """

    activations: Tensor
    predicted: Tensor
    simulated: Tensor
    residual_n: Tensor
    ground_share: Tensor

    def missed_by(self, low: float, high: float) -> Tensor:
        """(S,) by how much the worse side's simulated peak lies outside the range; 0 inside."""
        return torch.maximum(self.simulated - high, low - self.simulated).clamp(min=0).amax(1)

    def take(self, indices: list[int]) -> "Verification":
        """Of these motions only, in this order."""
        return Verification(**{name: value[indices] for name, value in vars(self).items()})

    def rows(self, low: float, high: float) -> list[dict]:
        """For each motion the promised and the simulated peaks, and whether the simulation finds them in the range."""
        rows = []
        missed = self.missed_by(low, high)
        for promised, found, residual, share, miss in zip(
            self.predicted, self.simulated, self.residual_n, self.ground_share, missed, strict=True
        ):
            rows.append(
                {
                    "peak_predicted": _numbers(promised),
                    "peak_simulated": _numbers(found),
                    "within_range": bool(miss == 0),
                    "within_range_and_0.05": bool(miss <= _TOLERANCE),
                    "residual_force_n": round(float(residual), 2),
                    "right_foot_share": round(float(share), 3),
                }
            )
        return rows

    def add_to(self, summary: dict, low: float, high: float) -> None:
        """Put what the simulation finds of each sample into the run's summary, beside what was asked of it."""
        rows = self.rows(low, high)
        for sample, row in zip(summary["samples"], rows, strict=True):
            sample["simulated"] = row
        summary["simulated_within_range"] = sum(row["within_range"] for row in rows)

    def table(self, low: float, high: float) -> str:
        """The same for a person to read, a line a motion."""
        head = ("entry", "promised l/r", "simulated l/r", "in range", "right foot", "residual N")
        widths = [max(len(title), 10) for title in head]
        lines = ["  ".join(title.rjust(width) for title, width in zip(head, widths, strict=True))]
        for j, row in enumerate(self.rows(low, high)):
            peaks = ["/".join(f"{peak:.2f}" for peak in row[f"peak_{kind}"]) for kind in ("predicted", "simulated")]
            verdict = "yes" if row["within_range"] else "within .05" if row["within_range_and_0.05"] else "no"
            cells = (str(j), *peaks, verdict, f"{row['right_foot_share']:.0%}", f"{row['residual_force_n']:.1f}")
            lines.append("  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True)))
        return "\n".join(lines)


@torch.no_grad()
def simulate(simulator: ActivationSimulator, motion: Tensor) -> Simulation:
    """The Simulation of motions (S, T, 33), degrees and metres, canonical order, at 60 Hz, on the CPU."""
    return simulator(motion.detach().cpu().double(), FRAME_RATE_HZ)


def verify(simulator: ActivationSimulator, motion: Tensor, predicted: Tensor, muscle: str) -> Verification:
    """Simulate motions (S, T, 33) beside the activations predicted for them.

    motion: as for `simulate`. predicted: (S, T, 80). muscle: without its side, for instance vasmed.
    """
    simulation = simulate(simulator, motion)
    ends = round(FILTER_MARGIN_S * FRAME_RATE_HZ)
    inner, sides = slice(ends, -ends), [MUSCLE_INDEX[f"{muscle}_{side}"] for side in "lr"]
    vertical = simulation.ground_forces[:, inner, :, 1]
    return Verification(
        activations=simulation.activations,
        predicted=predicted.cpu()[:, inner][..., sides].amax(1).double(),
        simulated=simulation.activations[:, inner][..., sides].amax(1),
        residual_n=simulation.residuals[:, inner, 3:].square().sum(-1).mean(-1).sqrt(),
        ground_share=(vertical[..., 0] / vertical.sum(-1)).mean(-1),
    )


def choose_by_simulation(
    samples: Sequence[GuidedSample], simulator: ActivationSimulator, muscle: str, low: float, high: float, wanted: int
) -> tuple[list[GuidedSample], Verification]:
    """The `wanted` samples whose simulated peaks lie nearest to low to high, in their order, and their Verification.

    Those that meet what was required of them come first.
    """
    motion = torch.stack([sample.motion for sample in samples])
    promised = torch.stack([sample.activations for sample in samples])
    verification = verify(simulator, motion, promised, muscle)
    missed = verification.missed_by(low, high).tolist()
    best = sorted(range(len(samples)), key=lambda j: (not samples[j].accepted, missed[j]))
    kept = sorted(best[:wanted])
    return [samples[j] for j in kept], verification.take(kept)


def _numbers(values: Tensor) -> list[float]:
    return [round(float(value), 4) for value in values]
