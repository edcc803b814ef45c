"""The same recording, told in another way, gives the same answer."""

from dataclasses import replace

import numpy as np
import torch

from dataset.io.mot import read_motion
from dataset.locations import SHIPPED_DEMO
from dataset.motion_folders.window_folder import SubjectWindows, WindowFolder
from dataset.sessions import discover_sessions
from dataset.windows.resample import resample
from dataset.windows.window import window_of_motion
from models.conventions import COORDINATE_INDEX as AT
from utils.metrics.catalogue import FLOOR
from utils.metrics.evaluation import evaluate_set
from utils.metrics.evaluation_config import MetricConfig
from utils.metrics.evaluation_networks import EvaluationNetworks
from utils.metrics.motion_set import MotionSet
from utils.metrics.subject_set import SubjectSet

SESSION = discover_sessions(SHIPPED_DEMO)[0]


def test_a_file_without_a_coordinate_beside_the_33_does_not_change_those_that_have_it():
    plain = resample(read_motion(SESSION.trials[0]))
    with_wrist = replace(plain, extra={"wrist_flex_r": np.full(len(plain), 50.0)})
    alone, among_others = (
        SubjectSet(SubjectWindows("a", tuple(map(window_of_motion, motions)), SESSION), EvaluationNetworks())
        for motions in ([with_wrist], [with_wrist, plain])
    )
    (own, _), (both, _) = (subject.skeleton.bodies(subject.motion) for subject in (alone, among_others))
    hand = alone.skeleton.body_names.index("hand_r")
    torch.testing.assert_close(both[0, :, hand], own[0, :, hand])
    angle = torch.einsum("tii->t", own[0, :, hand] @ both[1, :, hand].transpose(-1, -2))
    torch.testing.assert_close(angle, torch.full_like(angle, 1 + 2 * np.cos(np.radians(50))))


def test_a_floor_at_another_height_is_told_from_feet_that_float():
    def evaluated(raised_m):
        subjects = []
        for session, height_m in zip(discover_sessions(SHIPPED_DEMO), (0.0, raised_m), strict=True):
            motion = resample(read_motion(session.trials[0])).cut(0, 200)
            coordinates = motion.coordinates.copy()
            coordinates[:, AT["pelvis_ty"]] += height_m
            window = window_of_motion(replace(motion, coordinates=coordinates))
            subjects.append(SubjectWindows(session.id, (window,), session))
        motions = MotionSet.of("a", WindowFolder(SHIPPED_DEMO, tuple(subjects)), EvaluationNetworks())
        return evaluate_set(motions, None, MetricConfig(parts=(FLOOR,)))

    plain, raised = evaluated(0.0), evaluated(-0.3)
    for name in ("contact_penetration", "contact_floating", "contact_sliding"):
        assert abs(raised.metrics[name].mean - plain.metrics[name].mean) < 1e-3
    assert not any("the floor is at" in warning for warning in plain.warnings)
    assert any("the floor is at -0.30 m in motions of demo-person-075" in warning for warning in raised.warnings)
