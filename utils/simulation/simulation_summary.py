"""How far a simulated repetition can be trusted: residuals, reserves, warnings, and the peaks of its muscles."""

from typing import Any

import numpy as np
from torch import Tensor

from models.conventions import MUSCLES, SIDES
from models.muscles.moment_arms import LEG_COORDINATES
from models.muscles.simulation_settings import WEAKLY_ACTUATED
from models.muscles.static_optimization import PELVIS, ActivationSimulator
from utils.simulation.lost_contact import lost_contact_s, lost_contact_sentences
from utils.simulation.saturation import WEAK_MUSCLES, largest_reserve, saturated_muscles, saturation_sentence
from utils.simulation.simulated_repetition import SimulatedRepetition

_LARGE_RESIDUAL = 0.05  # of body weight
_LARGE_RESERVE = 0.05  # of the largest moment of the same coordinate
_LARGE_LOOSE_RESERVE_NM = 10.0
_LARGE_TRUNK_ADJUSTMENT_DEG = 1.0  # RMS; recordings with markers have 0.4 to 0.5, by video 0.8


def summarise_repetition(simulator: ActivationSimulator, simulated: SimulatedRepetition) -> dict[str, Any]:
    """The summary of a simulated repetition, as it is written beside it."""
    simulation = simulated.simulation
    residual = _rms(simulation.residuals)
    reserves = _reserves(simulator, simulated)
    worst, _ = largest_reserve({name: rms for name, (rms, _) in reserves.items()})
    saturated = saturated_muscles(simulation.activations)
    return {
        "repetition": simulated.name,
        "frames": len(simulated.motion),
        "start_s": float(simulated.motion.time_s[0]),
        "end_s": float(simulated.motion.time_s[-1]),
        "residual_rms": dict(zip(PELVIS, (round(float(x), 3) for x in residual), strict=True)),
        "residual_units": "Nm for rotations, N for translations",
        "reserve_rms_nm": {name: round(rms, 3) for name, (rms, _) in reserves.items()},
        "largest_reserve": {"coordinate": worst, "rms_nm": round(reserves[worst][0], 3)},
        "peak_vertical_force_bw": round(float(simulation.ground_forces[..., 1].sum(1).max()) / simulator.weight_n, 3),
        "off_floor_s": lost_contact_s(simulation.contact.flip(-1), simulated.motion.time_s),
        "trunk_adjustment_deg": {
            "rms": round(float(_rms(simulation.trunk_adjustment_deg)), 3),
            "largest": round(float(simulation.trunk_adjustment_deg.abs().max()), 3),
        },
        "torso_mass_height": simulator.settings.torso_mass_height,
        "peak_activation": {
            name: round(float(peak), 4)
            for name, peak in zip(MUSCLES, simulation.activations.numpy().clip(0, 1).max(0), strict=True)
        },
        "saturated_muscles": {name: round(share, 3) for name, share in saturated.items()},
        "switched_off_muscles": _switched_off(simulator),
        "missing_coordinates": list(simulator.missing_coordinates),
        "weak_muscles": {group: list(names) for group, names in WEAK_MUSCLES.items()},
        "warnings": _warnings(simulator, simulated, residual, reserves),
    }


def is_whole_summary(content: dict[str, Any]) -> bool:
    """Whether the content of a file, which may be damaged, is a summary with the numbers that tables are made of."""
    numbers = [content.get(name) for name in ("start_s", "end_s", "peak_vertical_force_bw")]
    legs = {f"{name}_{side}" for name in LEG_COORDINATES for side in SIDES}
    for name, keys in (("residual_rms", set(PELVIS)), ("reserve_rms_nm", legs), ("peak_activation", set(MUSCLES))):
        values = content.get(name)
        if not isinstance(values, dict) or set(values) != keys:
            return False
        numbers += values.values()
    warnings = content.get("warnings")
    texts = [content.get("repetition"), *(warnings if isinstance(warnings, list) else [None])]
    return all(isinstance(text, str) for text in texts) and all(type(number) in (int, float) for number in numbers)


def largest_residual_n(summary: dict[str, Any]) -> float:
    """The largest RMS residual force on the pelvis of a summary, newtons."""
    return max(summary["residual_rms"][f"pelvis_t{axis}"] for axis in "xyz")


def _switched_off(simulator: ActivationSimulator) -> list[str]:
    return [name for name, able in zip(MUSCLES, simulator.able.tolist(), strict=True) if not able]


def _reserves(simulator: ActivationSimulator, simulated: SimulatedRepetition) -> dict[str, tuple[float, float]]:
    """By coordinate of the legs: RMS of its reserve and its largest moment, newton metres."""
    simulation, reserves = simulated.simulation, {}
    for leg, side in enumerate(SIDES):
        for row, name in enumerate(LEG_COORDINATES):
            moment = simulation.moments[:, simulator.coordinate_names.index(f"{name}_{side}")]
            rms = simulation.reserves[:, leg, row].square().mean().sqrt()
            reserves[f"{name}_{side}"] = float(rms), float(moment.abs().max())
    return reserves


def _warnings(
    simulator: ActivationSimulator,
    simulated: SimulatedRepetition,
    residual: np.ndarray,
    reserves: dict[str, tuple[float, float]],
) -> list[str]:
    warnings = []
    share = residual[3:].max() / simulator.weight_n
    if share > _LARGE_RESIDUAL:
        warnings.append(
            f"the pelvis residual force is {residual[3:].max():.0f} N RMS, {share:.1%} of body weight; up to "
            f"{_LARGE_RESIDUAL:.0%} is acceptable"
        )
    simulation, time_s = simulated.simulation, simulated.motion.time_s
    lost = lost_contact_s(simulation.contact.flip(-1), time_s)  # right, left -> left, right
    warnings += lost_contact_sentences(lost, simulation, time_s, simulator.weight_n)
    warnings += [
        f"the reserve at {name} is {rms:.1f} Nm RMS, over {_LARGE_RESERVE:.0%} of its peak moment of {peak:.0f} Nm"
        for name, (rms, peak) in reserves.items()
        if rms > max(1.0, _LARGE_RESERVE * peak) and name[:-2] not in WEAKLY_ACTUATED
    ]
    worst, largest = largest_reserve({name: rms for name, (rms, _) in reserves.items()})
    if worst[:-2] in WEAKLY_ACTUATED and largest > _LARGE_LOOSE_RESERVE_NM:
        warnings.append(f"the reserve at {worst}, which muscles hardly hold, is {largest:.1f} Nm RMS")
    saturation = saturation_sentence(saturated_muscles(simulated.simulation.activations))
    if saturation:
        warnings.append(saturation)
    if (turned_deg := float(_rms(simulated.simulation.trunk_adjustment_deg))) > _LARGE_TRUNK_ADJUSTMENT_DEG:
        warnings.append(
            f"the trunk was turned by {turned_deg:.1f} degrees RMS to bring the centre of pressure closer to its usual "
            "place; the motion is noisy"
        )
    if off := _switched_off(simulator):
        warnings.append(f"switched off in the model, and without effect here: {', '.join(off)}")
    if simulator.missing_coordinates:
        warnings.append(f"the model has no coordinate {', '.join(simulator.missing_coordinates)}")
    converged = simulated.simulation.converged
    if not bool(converged.all()):
        warnings.append(f"static optimisation did not converge in {int((~converged).sum())} frames")
    if simulated.touches_trial_end:
        warnings.append("the repetition begins or ends where its trial does, so that the filters lack data there")
    return warnings


def _rms(values: Tensor) -> np.ndarray:
    return values.square().mean(0).sqrt().numpy()
