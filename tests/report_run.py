"""A guidance run made by hand: the files that LIMO_Surrogate.py leaves, of squats whose numbers are known."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
from bodies import activations_of, squat
from opensim_poses import rajagopal2015

from dataset.io.mot import Motion, write_motion
from dataset.sessions import Session

ASKED = [
    {"name": "MAC", "unit": "0-1", "asked": "0.35 to 0.45", "tolerance": 0.01, "weight": 1.0, "required": True},
    {"name": "tilt", "unit": "deg", "asked": "-34.2 to -17.4", "tolerance": 1.0, "weight": 0.5, "required": False},
    {"name": "asymmetry", "unit": "(deg)^2", "asked": "small", "tolerance": None, "weight": 1.0, "required": False},
]
ARGUMENTS = {
    "low": 0.35, "high": 0.45, "muscle": "vasmed", "constraint": [], "constraints": None, "smooth_hz": 6.0,
    "alpha_tilt": 0.5, "alpha_asymmetry": 1.0, "alpha_angular_speed": 0.0, "alpha_com_speed": 0.0,
    "alpha_com_acceleration": 0.0, "alpha_slide": 0.0, "alpha_mac": 1.0, "vq_name": None, "surrogate_name": None,
    "_command": "LIMO_Surrogate.py --exp-name hand", "_versions": {"python": "3.11.0", "torch": "2.6.0"},
}  # fmt: skip


def make_session(folder: Path) -> Session:
    """A session of the generic model, with one trial of two squats, which are its only recordings."""
    model = folder / "OpenSimData" / "Model" / "generic_scaled.osim"
    model.parent.mkdir(parents=True)
    shutil.copy(rajagopal2015(), model)
    twice = np.concatenate([squat(frames=120)[0], squat(frames=120)[0]]).astype(float)
    trial = folder / "OpenSimData" / "Kinematics" / "squats1.mot"
    write_motion(trial, Motion(np.arange(240) / 60, twice))
    return Session(folder)


def make_run(root: Path, session: str = "person", *, samples: int = 3, simulated: bool = True, exp: str = "hand"):
    """The folder of a session's motions in a run of that name; deeper squats from sample to sample."""
    folder = root / exp / "mot_visualization" / f"latents_subject_run_{session}"
    folder.mkdir(parents=True)
    rows = []
    for j in range(samples):
        motion = squat(depth_deg=70 + 30 * j / max(1, samples - 1))
        activations = activations_of(motion)[0].double().numpy()
        name = f"entry_{j}_{exp}.mot"
        write_motion(folder / name, Motion(np.arange(196) / 60, motion[0].double().numpy(), activations))
        peak = float(activations.max())
        met = 0.34 <= peak <= 0.46
        row = {
            "file": name, "accepted": met, "proximity_of_people": 0.1 * j,
            "terms": {
                "MAC": {"asked": "0.35 to 0.45", "value": [peak, peak], "met": met},
                "tilt": {"asked": "-34.2 to -17.4", "value": [-20.0 - 10 * j], "met": j < 2},
                "asymmetry": {"asked": "small", "value": [4.0], "met": True},
            },
            "measures": {"knee_flexion_max": {"value": [70.0 + j, 71.0 + j], "unit": "deg"}},
        }  # fmt: skip
        if simulated:
            found = [peak + 0.04 * j, peak - 0.02]
            inside = min(found) >= 0.35 and max(found) <= 0.45
            row["simulated"] = {
                "peak_predicted": [peak, peak], "peak_simulated": [round(value, 4) for value in found],
                "within_range": inside, "within_range_and_0.05": inside or j == 0, "residual_force_n": 7.0,
                "right_foot_share": 0.5,
            }  # fmt: skip
        rows.append(row)
    summary = {
        "session": session, "mass_kg": 75.0, "leg_length_m": 0.8, "wanted": samples, "asked": ASKED,
        "accepted": sum(row["accepted"] for row in rows), "samples": rows,
    }  # fmt: skip
    (folder / "summary.json").write_text(json.dumps(summary))
    (folder / "args.json").write_text(json.dumps(ARGUMENTS | {"subject": session}))
    with (root / exp / f"losses_{session}.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["batch", "iteration", "active", "met", "objective", "proximity", "MAC"])
        writer.writerows(
            [b, i, 3, i // 100, 1 / (1 + i), 2.0, "" if i < 50 else 0.1] for b in (0, 1) for i in range(400)
        )
    return folder
