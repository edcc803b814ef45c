"""A guidance result made by hand, of squats whose numbers are known, and its files as LIMO_Surrogate.py leaves them."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from bodies import activations_of, squat
from opensim_poses import rajagopal2015

from dataset.io.mot import write_motion
from dataset.io.motion import Motion
from dataset.sessions import Session
from dataset.windows.motion_dataset import MotionDataset
from utils.guidance.guidance_config import GuidanceConfig, PublishedWeights
from utils.guidance.guidance_result import GuidanceResult
from utils.guidance.guided_sample import GuidedSample
from utils.guidance.measures import Measure
from utils.guidance.objective.published_terms import terms_of
from utils.guidance.output.result_files import save_guidance
from utils.guidance.subject.own_squats import OwnSquats
from utils.guidance.verification import Verification, judged_by_simulation
from utils.runs.run_folder import RunFolder

RESIDUAL_N = 7.0
MASS_KG = 75.0
ONLY_THREE_TERMS = PublishedWeights(angular_speed=0, com_speed=0, com_acceleration=0, slide=0)


def make_session(folder: Path) -> Session:
    """A session of the generic model, with one trial of two squats, which are its only recordings."""
    model = folder / "OpenSimData" / "Model" / "generic_scaled.osim"
    model.parent.mkdir(parents=True)
    shutil.copy(rajagopal2015(), model)
    twice = np.concatenate([squat(frames=120)[0], squat(frames=120)[0]]).astype(float)
    trial = folder / "OpenSimData" / "Kinematics" / "squats1.mot"
    write_motion(trial, Motion(np.arange(240) / 60, twice))
    return Session(folder)


def own_squats_of(session: Session) -> OwnSquats:
    """The squats of a session, for which the surrogate predicts an activation of 0.25 throughout."""
    recorded = tuple(MotionDataset([session]).windows)
    return OwnSquats(recorded, (), np.full((len(recorded), 196, 80), 0.25, dtype=np.float32))


def make_result(
    session: Session | None = None,
    *,
    session_id: str = "person",
    subject: str = "person",
    samples: int = 3,
    simulated: bool = True,
    exp_name: str = "hand",
) -> GuidanceResult:
    """Samples whose squats, and with them their peak activations, are deeper from one to the next."""
    config = GuidanceConfig(
        subject=subject, exp_name=exp_name, min_samples=samples, weights=ONLY_THREE_TERMS, verify=simulated, refine=0
    )
    terms = tuple(term for term in terms_of(config) if term.weight and not term.of_a_whole_motion)
    assert [term.label for term in terms] == ["MAC", "tilt", "asymmetry"]
    guided = [_sample(j, 70 + 30 * j / max(1, samples - 1)) for j in range(samples)]
    verification = _verification(guided) if simulated else None
    if verification is not None:
        guided = judged_by_simulation(guided, verification, terms)
    iterations = np.tile(np.arange(400), 2)
    return GuidanceResult(
        config=config,
        session=session,
        session_id=session_id,
        mass_kg=MASS_KG,
        leg_length_m=0.8,
        terms=terms,
        samples=tuple(guided),
        measures={"knee_flexion_max": Measure(torch.tensor([[70.0 + j, 71.0 + j] for j in range(samples)]), "deg")},
        verification=verification,
        own_squats=own_squats_of(session) if session else OwnSquats(),
        training_names=(),
        training_latents=None,
        between_subject_distance=1.0,
        history=pd.DataFrame(
            {
                "batch": np.repeat([0, 1], 400), "iteration": iterations, "active": 3, "met": iterations // 100,
                "objective": 1 / (1 + iterations), "proximity": 2.0, "MAC": np.where(iterations < 50, np.nan, 0.1),
            }
        ),
        interrupted=False,
        made=datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
        command=f"LIMO_Surrogate.py --exp-name {exp_name}",
        versions={"python": "3.11.0", "torch": "2.6.0"},
    )  # fmt: skip


def save_run(root: Path, result: GuidanceResult) -> Path:
    """Write the files of a run to `root`/<exp-name>; the folder of the session's motions."""
    folder = RunFolder(root / result.config.exp_name, result.session_id)
    folder.motions.mkdir(parents=True)
    save_guidance(replace(result, config=replace(result.config, out_dir=root)), folder.motions)
    result.history.to_csv(folder.losses, index=False)
    return folder.motions


def _sample(j: int, depth_deg: float) -> GuidedSample:
    motion = squat(depth_deg=depth_deg)
    activations = activations_of(motion)[0]
    peak = float(activations.max())
    is_met = 0.34 <= peak <= 0.46
    return GuidedSample(
        start=j,
        z=torch.zeros(49, 4),
        motion=motion[0],
        activations=activations,
        values=(torch.tensor([peak, peak]), torch.tensor([-20.0 - 10 * j]), torch.tensor([4.0])),
        met=(is_met, j < 2, True),
        violation=0.0 if is_met else 4.0,
        proximity=0.1 * j,
        nearest=-1,
    )


def _verification(samples: list[GuidedSample]) -> Verification:
    predicted = torch.stack([sample.values[0] for sample in samples]).double()
    offsets = torch.tensor([[0.04 * j, -0.02] for j in range(len(samples))], dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    return Verification(
        activations=torch.rand(len(samples), 196, 80, generator=generator, dtype=torch.float64),
        predicted=predicted,
        simulated=predicted + offsets,
        term_values=(predicted + offsets, *(torch.stack([sample.values[k] for sample in samples]) for k in (1, 2))),
        residual_n=torch.full((len(samples),), RESIDUAL_N),
        right_foot_share=torch.full((len(samples),), 0.5),
        foot_contact=torch.ones(len(samples), 196, 2),
        predicted_values=tuple(torch.stack([sample.values[k] for sample in samples]) for k in range(3)),
    )
