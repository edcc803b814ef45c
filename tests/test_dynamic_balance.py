"""The zero-moment point: closed forms, and quick and one-legged squats that keep it under the feet."""

import importlib.util

import numpy as np
import pytest
import torch

from dataset.demo.style_sampler import draw_style
from dataset.demo.trial import make_trial
from dataset.io.mot import read_motion
from dataset.locations import SHIPPED_DEMO
from dataset.opensim.model_reader import load_skeleton
from dataset.sessions import open_session
from dataset.windows.segmentation import segment_repetitions
from models.conventions import COORDINATE_INDEX, FEET, FRAME_RATE_HZ
from models.skeleton.dynamic_balance import DynamicBalance, dynamic_balance

needs_surveys = pytest.mark.skipif(
    importlib.util.find_spec("nimblephysics") is None, reason="the nimblephysics wheel is not installed"
)


@pytest.fixture(scope="module")
def session():
    return open_session("demo-person-040", SHIPPED_DEMO)


@pytest.fixture(scope="module")
def skeleton(session):
    return load_skeleton(session.model_path, torch.float64)


def test_pendulum_on_a_cart():
    """A point mass at the height h that swings as a cos(w t): its zero-moment point is (1 + h w^2 / g) times as far."""
    time, height_m, w = np.arange(241) / 60, 0.9, 2 * np.pi
    swing = 0.05 * np.cos(w * time)[:, None] * [1.0, 0.5]
    balance = DynamicBalance(60.0, swing, np.full(241, height_m / 9.81), np.zeros((241, 2)))
    np.testing.assert_allclose(
        balance.zero_moment_point[1:-1], ((1 + height_m * w**2 / 9.81) * swing)[1:-1], rtol=2e-3, atol=1e-12
    )


def test_mass_centre_for_the_present_point_is_the_present_one():
    generator = np.random.default_rng(0)
    values = generator.standard_normal((3, 50, 2)).cumsum(1)
    balance = DynamicBalance(60.0, values[0], np.full(50, 0.09), values[1])
    np.testing.assert_allclose(balance.mass_centre_for(balance.zero_moment_point), values[0], atol=1e-10)


def test_point_of_a_body_at_rest_is_below_its_mass_centre(session, skeleton):
    standing = np.repeat(read_motion(session.squat_trials[0]).coordinates[:1], 30, 0)
    balance = dynamic_balance(skeleton.description, standing, FRAME_RATE_HZ)
    np.testing.assert_allclose(balance.zero_moment_point, balance.mass_centre, atol=1e-9)


def test_body_that_sways_as_a_whole_is_a_cart(session, skeleton):
    """Without turning, the zero-moment point leads the centre of mass by its height over g times its acceleration."""
    motion = np.repeat(read_motion(session.squat_trials[0]).coordinates[:1], 240, 0)
    time = np.arange(240) / FRAME_RATE_HZ
    motion[:, COORDINATE_INDEX["pelvis_tx"]] += 0.04 * np.sin(2 * np.pi * 0.5 * time)
    balance = dynamic_balance(skeleton.description, motion, FRAME_RATE_HZ)
    inner = slice(20, -20)
    expected = -balance.height * np.gradient(np.gradient(balance.mass_centre[:, 0], 1 / 60), 1 / 60)
    lead = (balance.zero_moment_point - balance.mass_centre)[inner, 0]
    np.testing.assert_allclose(lead, expected[inner], atol=2e-4)
    assert np.abs(lead).max() > 0.03


@needs_surveys
def test_quick_squats_and_one_legged_ones_keep_the_point_under_the_feet(skeleton):
    styles = [draw_style(0, index, skeleton.leg_length_m) for index in range(64)]
    quick = next(k for k, style in enumerate(styles) if style.tempo.descent_s < 0.6 and style.swing is None)
    one_legged = next(k for k, style in enumerate(styles) if style.swing is not None and style.swing.place == "behind")
    for index in (quick, one_legged):
        motion, performed = make_trial(skeleton, 0, index, repetitions=2)
        points = skeleton.contact_points(torch.as_tensor(motion.coordinates)).numpy().reshape(-1, 2, 6, 3)
        balance = dynamic_balance(skeleton.description, motion.coordinates, FRAME_RATE_HZ)
        standing = [foot for foot in FEET if performed.swing is None or performed.swing.foot != foot]
        feet = points[:, [FEET.index(foot) for foot in standing]]
        for axis, margin in ((0, 0.03), (2, 0.01)):
            place = balance.zero_moment_point[:, 0 if axis == 0 else 1]
            behind, before = feet[..., axis].min((1, 2)) - margin, feet[..., axis].max((1, 2)) + margin
            # While a quick squat takes the weight off the feet, a small moment moves the point far.
            assert ((place > behind) & (place < before)).mean() > 0.95
        if performed.swing is not None:
            assert {repetition.standing for repetition in segment_repetitions(motion)} == {tuple(standing)}
            lifted = points[:, FEET.index(performed.swing.foot), :, 1] - 0.03
            assert lifted.min() > 0.03
            assert np.ptp(points[:, FEET.index(standing[0]), :2], 0).max() < 0.01
