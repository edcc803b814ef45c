"""The same recording, told in another way, gives the same answer."""

from dataclasses import replace

import numpy as np
import torch

from dataset.io.mot import read_motion
from dataset.locations import SHIPPED_DEMO
from dataset.motion_folders.window_folder import SubjectWindows
from dataset.sessions import discover_sessions
from dataset.windows.resample import resample
from dataset.windows.window import window_of_motion
from utils.metrics.evaluation_networks import EvaluationNetworks
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
