"""Synthetic squats with known boundaries, and the number of repetitions in each recording."""

import numpy as np

from dataset.io.motion import Motion
from models.conventions import COORDINATE_INDEX

RECORDED_REPETITIONS = {
    "field-subject0/Squats_0": 5,
    "field-subject0/Asym_0": 5,
    "lab-subject2/squats1": 5,
    "lab-subject4/squats1": 5,
    "lab-subject4/squatsAsym1": 5,
    "lab-subject5/squats1": 6,
    "mocap-dls/DLS01_ik": 5,
}


def squats(
    count=4, *, rate_hz=60.0, stance_s=0.7, bend_s=1.6, hold_s=0.0, depth_deg=95.0, noise_deg=0.0, start_s=0.0
) -> Motion:
    """`count` squats between stances: half a cosine down, a hold at the bottom, and half a cosine up.

    Descent and ascent last `bend_s` together. The hips bend with the knees, and the pelvis sinks.
    """
    period_s = stance_s + bend_s + hold_s
    time_s = np.arange(int((count * period_s + stance_s) * rate_hz) + 1) / rate_hz
    since_s = time_s % period_s - stance_s
    moving_s = np.where(since_s < bend_s / 2, since_s, np.maximum(since_s - hold_s, bend_s / 2))
    bend = 0.5 - 0.5 * np.cos(2 * np.pi * np.clip(moving_s / bend_s, 0, 1))
    bend[time_s > count * period_s] = 0.0
    coordinates = np.zeros((len(time_s), 33))
    draw = np.random.default_rng(0)
    for side in "lr":
        noise = draw.normal(0, noise_deg, len(time_s))
        coordinates[:, COORDINATE_INDEX[f"knee_angle_{side}"]] = 4 + (depth_deg - 4) * bend + noise
        coordinates[:, COORDINATE_INDEX[f"hip_flexion_{side}"]] = 0.9 * depth_deg * bend
    coordinates[:, COORDINATE_INDEX["pelvis_ty"]] = 0.95 - 0.35 * bend
    coordinates[:, COORDINATE_INDEX["pelvis_tx"]] = 0.3 - 0.1 * bend
    return Motion(start_s + time_s, coordinates)


def recorded_trials(recordings) -> dict:
    """Path of each trial of RECORDED_REPETITIONS."""
    data = recordings / "opencap" / "Data"
    return {
        name: data / name.split("/")[0] / "OpenSimData" / "Kinematics" / f"{name.split('/')[1]}.mot"
        for name in RECORDED_REPETITIONS
    }
