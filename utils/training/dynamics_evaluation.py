"""How well the surrogate after inverse dynamics predicts activations, loads and moments, subject by subject."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from dataset.sessions import Session
from models.conventions import MUSCLES, SIDES
from models.muscles.moment_arms import LEG_COORDINATES
from models.muscles.moment_capacity import capacity_inputs
from models.muscles.simulation_settings import SimulationSettings
from models.surrogate.dynamics_surrogate import DynamicsSurrogate, SubjectSurrogate
from models.surrogate.ground_sharing import GroundReaction, filtered
from models.surrogate.leg_dynamics import LegDynamics, LegKinematics
from models.surrogate.time_sampling import ground_filter
from utils.simulation.simulators import build_simulator
from utils.training.dynamics_samples import models_of
from utils.training.sample_store import Batch, SampleStore, session_of
from utils.training.surrogate_metrics import EVALUATED_GROUPS

SMOOTH_ACTIVATION = 0.05  # from which error on the loss grows linearly
_LEAST_VERTICAL = 1e-3  # of the body weight
# Standard deviations below which there is nothing to explain: of an activation, a share of load, and a moment over body
# weight in metres, 2 Nm for a person of 70 kg.
_IDLE_ACTIVATION, _IDLE_SHARE, _IDLE_MOMENT = 0.02, 0.005, 0.003
_MOMENTS = {"hip flexion": "hip_flexion", "knee": "knee_angle", "ankle": "ankle_angle"}


@dataclass(frozen=True)
class Answers:
    """What the surrogate or the simulation says about N samples.

    Attributes:
        activations: (N, 80).
        moments: (N, 2, 7) over body weight, metres.
        share: (N, 2) of the vertical force.
    """

    activations: Tensor
    moments: Tensor
    share: Tensor


def dynamics_of(batch: Batch) -> LegDynamics:
    """The dynamics in a batch of ground samples or of repetitions."""
    return LegDynamics(**{name: batch[name] for name in LegDynamics._fields})


def activations_of(model: DynamicsSurrogate, moments: Tensor, batch: Batch) -> Tensor:
    """Activations (N, 2, 40) that the muscles' network answers for moments (N, 2, 7) over body weight."""
    kinematics, capacity = LegKinematics(batch["angles"], batch["speeds"]), batch["capacity"]
    features = model.muscles.features(moments, kinematics, capacity)
    return model.muscles(features, capacity_inputs(capacity))


@torch.no_grad()
def predicted_and_simulated(
    model: DynamicsSurrogate, store: SampleStore, number: int, session: Session | None = None
) -> tuple[Answers, Answers]:
    """What the surrogate predicts for the repetitions of a session, and what the simulation has.

    Args:
        model: the networks.
        store: the samples.
        number: of the session in the store.
        session: the session, to whose models the surrogate is fitted; without it, activations are those of the layer
            for all people, as in training.
    """
    device = next(model.parameters()).device
    batch = {name: values.to(device) for name, values in store.read("repetitions", [number]).items()}
    reaction = _reaction_inside(model, batch)
    batch = _inside(batch)
    if session is None:
        activations = activations_of(model, reaction.moments, batch)
    else:
        activations = torch.empty_like(batch["activations"])
        for index, path in enumerate(models_of(session)):
            rows = torch.nonzero(batch["session_model"] == index)[:, 0]
            muscles = SubjectSurrogate(model, build_simulator(path)).muscles
            kinematics = LegKinematics(batch["angles"][rows], batch["speeds"][rows])
            activations[rows] = muscles(reaction.moments[rows], kinematics)
    vertical = batch["wrench"][..., 1]
    share = vertical / vertical.sum(1, keepdim=True).clamp(min=_LEAST_VERTICAL)
    predicted = Answers(activations.flatten(1), reaction.moments, reaction.share)
    return predicted, Answers(batch["activations"].flatten(1), batch["net_moments"], share)


def _reaction_inside(model: DynamicsSurrogate, batch: Batch) -> GroundReaction:
    """The ground reaction of the samples inside of the repetitions, filtered with their surroundings."""
    reactions = []
    _, counts = batch["repetition"].unique_consecutive(return_counts=True)
    for rows in torch.arange(len(batch["repetition"])).split(counts.tolist()):
        one = {name: values[rows] for name, values in batch.items()}
        dynamics = dynamics_of(one)
        matrix = ground_filter(len(rows), SimulationSettings().ground_cutoff_hz).to(dynamics.force)
        reaction = filtered(model.ground(dynamics, one["capacity"]), dynamics, matrix)
        reactions.append([values[one["inside"]] for values in reaction])
    return GroundReaction(*map(torch.cat, zip(*reactions, strict=True)))


def _inside(batch: Batch) -> Batch:
    return {name: values[batch["inside"]] for name, values in batch.items()}


def evaluate_samples(model: DynamicsSurrogate, store: SampleStore) -> dict[str, float]:
    """Loss, RMSE and R2 of activations, moments and shares of load, over all samples of a store.

    R2 of what is idle, so that there is nothing to explain, is NaN.
    """
    pairs = [predicted_and_simulated(model, store, session) for session in range(len(store.folders))]
    predicted, simulated = (
        Answers(*(torch.cat([getattr(one, name) for one in side]) for name in ("activations", "moments", "share")))
        for side in zip(*pairs, strict=True)
    )
    r2 = {name: row["r2"] for name, row in _rows(predicted, simulated).items() if row["r2"] is not None}
    return {
        "loss": float(functional.smooth_l1_loss(predicted.activations, simulated.activations, beta=SMOOTH_ACTIVATION)),
        "rmse": float((predicted.activations - simulated.activations).square().mean().sqrt()),
        "r2_vasti": r2.get("vasti", math.nan),
        "r2_moments": min((r2[f"{name} moment"] for name in _MOMENTS if f"{name} moment" in r2), default=math.nan),
        "r2_share": r2.get("share of load", math.nan),
    }


def evaluate_subjects(
    model: DynamicsSurrogate, sessions: Sequence[Session], store: SampleStore
) -> dict[str, dict[str, Any]]:
    """For each session R2 and RMSE of muscle groups, share of load and net moments.

    R2 is the mean over the columns of a row, left and right, that are not idle; None where all are.

    Args:
        model: the networks.
        sessions: whose samples are in the store.
        store: the samples.
    """
    model.eval()
    known = {session.id: session for session in sessions}
    return {
        name: _rows(*predicted_and_simulated(model, store, number, known[name]))
        for number, name in enumerate(map(session_of, store.folders))
    }


def _rows(predicted: Answers, simulated: Answers) -> dict[str, dict[str, Any]]:
    """R2 and RMSE of each row of `subjects_table`."""
    rows = {}
    for group, members in EVALUATED_GROUPS.items():
        columns = [MUSCLES.index(f"{muscle}_{side}") for muscle in members for side in SIDES]
        rows[group] = _row(predicted.activations[:, columns], simulated.activations[:, columns], _IDLE_ACTIVATION)
    rows["share of load"] = _row(predicted.share, simulated.share, _IDLE_SHARE)
    for name, coordinate in _MOMENTS.items():
        at = LEG_COORDINATES.index(coordinate)
        rows[f"{name} moment"] = _row(predicted.moments[..., at], simulated.moments[..., at], _IDLE_MOMENT)
    return rows


def _row(predicted: Tensor, simulated: Tensor, idle: float) -> dict[str, Any]:
    error, variance = (predicted - simulated).square().mean(0), simulated.var(0, unbiased=False)
    moving = variance > idle**2
    r2 = float((1 - error / variance)[moving].mean()) if bool(moving.any()) else None
    return {"r2": r2 if r2 is None else round(r2, 4), "rmse": round(float(error.mean().sqrt()), 5)}


def subjects_table(subjects: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """The result of `evaluate_subjects` as text: R2 of each row and subject."""
    names = list(next(iter(subjects.values())))
    width = max(12, *map(len, subjects)) + 1
    lines = ["R2, subject by subject; idle: what hardly changes, so that there is nothing to explain"]
    lines.append(" " * width + "".join(f"{name:>{len(name) + 2}}" for name in names))
    for subject, rows in subjects.items():
        cells = [
            f"{'idle' if rows[name]['r2'] is None else format(rows[name]['r2'], '.3f'):>{len(name) + 2}}"
            for name in names
        ]
        lines.append(f"{subject:<{width}}" + "".join(cells))
    return "\n".join(lines)
