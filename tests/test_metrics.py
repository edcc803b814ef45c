"""Metrics against closed forms, libraries and the published programs."""

import json
import math

import numpy as np
import pytest
import torch
from bodies import SimpleSkeleton, squat
from scipy.optimize import linear_sum_assignment
from scipy.stats import norm, wasserstein_distance

from models.conventions import COORDINATE_INDEX as AT
from utils.biomechanics.context import Context
from utils.metrics import distances, published_realism
from utils.metrics.bootstrap import describe_small_samples, interval_of_mean, interval_of_set
from utils.metrics.catalogue import FLOOR, GUIDANCE, METRICS, PUBLISHED
from utils.metrics.curve_band import ReferenceBand, fraction_not_normal
from utils.metrics.published_guidance import published_activation_metrics, published_guidance_metrics
from utils.metrics.published_values import PUBLISHED_ROWS
from utils.metrics.quantity_metrics import quantity_metrics

DRAW = np.random.default_rng(0)


def test_published_programs_are_reproduced(recordings):
    expected = json.loads((recordings / "published" / "metrics_parity.json").read_text())
    windows = np.load(recordings / "published" / "surrogate_parity.npz")
    motion = windows["motion"]
    assert [published_realism.entropy(one) for one in motion] == pytest.approx(expected["entropy"], rel=1e-7)
    assert published_realism.pooled_moments(motion) == pytest.approx((expected["mean"], expected["std"]), rel=1e-6)
    context = Context(torch.from_numpy(motion), activations=torch.from_numpy(windows["activations_as_batch"]))
    found = published_guidance_metrics(context) | published_activation_metrics(context, 0.35, 0.45, "vasmed")
    for ours, theirs in (
        ("omega", "omega_deg_s"),
        ("asymmetry", "asymmetry_deg"),
        ("com_velocity", "com_velocity_m_s"),
        ("com_acceleration", "com_acceleration_m_s2"),
        ("mac", "mac"),
        ("pelvis_tilt", "pelvis_tilt_deg_each_at_its_own_peak"),
    ):
        assert found[ours] == pytest.approx(expected[theirs], rel=2e-6), ours


def test_published_asymmetry_pools_the_frames_of_all_motions():
    """A motion of three times as many frames counts three times as much, and its frames beyond the mask do not."""
    motion = torch.zeros(2, 120, 33)
    for name in ("hip_flexion", "knee_angle", "ankle_angle"):
        motion[0, :, AT[f"{name}_l"]], motion[1, :, AT[f"{name}_l"]] = 2.0, 6.0
    mask = torch.ones(2, 120, dtype=torch.bool)
    mask[1, 40:] = False
    found = published_guidance_metrics(Context(motion, mask=mask))["asymmetry"]
    assert found == pytest.approx(math.sqrt((3 * 2**2 + 1 * 6**2) / 4))


def test_published_fidelity_is_the_squared_wasserstein_distance_of_normals():
    levels = (np.arange(200_000) + 0.5) / 200_000
    transported = ((norm.ppf(levels, 3, 2) - norm.ppf(levels, 5, 7)) ** 2).mean()
    assert published_realism.fidelity((3, 2), (5, 7)) == pytest.approx(transported, rel=1e-3)
    values = DRAW.normal(size=(4, 10, 33))
    moments, shifted = (published_realism.pooled_moments(values + shift) for shift in (0, 3))
    assert published_realism.fidelity(moments, shifted) == pytest.approx(9)


def test_published_entropy_of_even_values_is_the_logarithm_of_ten_and_of_one_value_zero():
    assert published_realism.entropy(np.arange(1000.0)) == pytest.approx(math.log(10))
    assert published_realism.entropy(np.full(50, 3.0)) == 0
    assert published_realism.entropy(np.array([0.0] * 30 + [1.0] * 10)) == pytest.approx(
        -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    )


def feet(heights_m, x_m=None):
    """Two joint centres (1, T, 2, 3): one at the heights, one a metre above it."""
    heights = torch.as_tensor(heights_m, dtype=torch.float64)
    points = torch.zeros(1, len(heights), 2, 3, dtype=torch.float64)
    points[0, :, 0, 1], points[0, :, 1, 1] = heights, heights + 1
    if x_m is not None:
        points[0, :, 0, 0] = torch.as_tensor(x_m, dtype=torch.float64)
    return points


def test_published_floor_contact_ignores_distances_below_a_centimetre():
    points = feet([0.3] * 6 + [0.3 + 0.009, 0.3 + 0.04, 0.3 - 0.02, 0.3 - 0.005])
    mask = torch.ones(1, 10, dtype=torch.bool)
    ground = published_realism.ground_height([published_realism.lowest_heights(points, mask)])
    assert ground == pytest.approx(0.3)
    found = published_realism.floor_metrics(points, mask, ground)
    assert found["floating"] == pytest.approx(4.0 / 10)
    assert found["penetration"] == pytest.approx(2.0 / 10)


def test_published_sliding_is_the_lowest_joints_speed_in_contact_and_masked_frames_do_not_count():
    x = [0.0, 0.01, 0.02, 0.03, 5.0, 9.0]
    points = feet([0.0, 0.0, 0.0, 0.0, 0.5, 0.0], x)
    mask = torch.tensor([[True, True, True, True, True, False]])
    found = published_realism.floor_metrics(points, mask, 0.0)
    assert found["sliding"] == pytest.approx(0.6)  # 1 cm a frame at 60 Hz; the lifted frame is no contact


def test_wasserstein_of_each_coordinate_equals_scipys_and_a_shift_moves_it_by_itself():
    reference, generated = DRAW.normal(size=(300, 33)), DRAW.normal(1, 2, size=(170, 33))
    expected = [wasserstein_distance(reference[:, i], generated[:, i]) for i in range(33)]
    np.testing.assert_allclose(distances.wasserstein_per_coordinate(reference, generated), expected, rtol=1e-9)
    shift = np.zeros(33)
    shift[AT["knee_angle_l"]] = 7.0
    np.testing.assert_allclose(distances.wasserstein_per_coordinate(reference, reference + shift), shift, atol=1e-9)


def test_optimal_transport_is_exact():
    first, second = DRAW.normal(size=(25, 101, 4)), DRAW.normal(size=(25, 101, 4))
    costs = distances.squared_costs(first, second)
    assert costs[3, 5] == pytest.approx(((first[3] - second[5]) ** 2).mean())
    assert distances.optimal_transport(costs) == pytest.approx(math.sqrt(costs[linear_sum_assignment(costs)].mean()))
    moved = distances.squared_costs(first, first + 4.0)
    assert distances.optimal_transport(moved) == pytest.approx(4.0)
    twice = distances.squared_costs(np.concatenate([first, first]), second)
    assert distances.optimal_transport(twice) == pytest.approx(distances.optimal_transport(costs))
    weights = np.array([0.25, 0.75])
    assert distances.optimal_transport(np.array([[1.0], [9.0]]), weights) == pytest.approx(math.sqrt(0.25 + 6.75))


def test_frechet_distance_of_diagonal_normals_has_a_closed_form():
    mean_r, mean_g = np.array([0.0, 1.0]), np.array([3.0, 1.0])
    std_r, std_g = np.array([1.0, 2.0]), np.array([2.0, 0.5])
    expected = ((mean_r - mean_g) ** 2).sum() + ((std_r - std_g) ** 2).sum()
    found = distances.frechet_distance((mean_r, np.diag(std_r**2)), (mean_g, np.diag(std_g**2)))
    assert found == pytest.approx(expected)
    features = DRAW.normal(size=(40, 6))
    moments = distances.moments(features)
    assert distances.frechet_distance(moments, moments) == pytest.approx(0, abs=1e-9)
    assert distances.frechet_distance(moments, distances.moments(features + 2)) == pytest.approx(6 * 4)


def test_frechet_distance_equals_the_one_with_a_matrix_square_root():
    from scipy.linalg import sqrtm

    first, second = DRAW.normal(size=(50, 5)), DRAW.normal(size=(60, 5)) @ DRAW.normal(size=(5, 5))
    (mean_1, cov_1), (mean_2, cov_2) = distances.moments(first), distances.moments(second)
    expected = ((mean_1 - mean_2) ** 2).sum() + np.trace(cov_1 + cov_2 - 2 * sqrtm(cov_1 @ cov_2).real)
    assert distances.frechet_distance((mean_1, cov_1), (mean_2, cov_2)) == pytest.approx(expected)


def test_neighbourhoods_of_the_same_set_cover_it_and_of_a_far_one_do_not():
    reference = DRAW.normal(size=(60, 4))
    same = distances.Neighbourhoods(reference, reference).fractions()
    assert (same["precision"], same["recall"], same["coverage"]) == (1, 1, 1)
    far = distances.Neighbourhoods(reference, reference + 100).fractions()
    assert far == {"precision": 0, "recall": 0, "density": 0, "coverage": 0}


def test_neighbourhoods_of_points_on_a_line_by_hand():
    reference = np.arange(6.0)[:, None]  # k = 1: every ball has radius 1
    near = distances.Neighbourhoods(reference, np.array([[0.5], [2.0], [50.0]]), k=1)
    found = near.fractions()
    assert found["precision"] == pytest.approx(2 / 3)  # 0.5 and 2 lie in balls, 50 in none
    assert found["density"] == pytest.approx((2 + 3 + 0) / 3)  # balls of 0, 1; of 1, 2, 3; of none
    assert found["coverage"] == pytest.approx(4 / 6)  # balls of 0, 1, 2, 3
    assert found["recall"] == 1.0  # radii 1.5, 1.5, 48: the last reaches everything
    assert near.fractions(np.array([2, 2]))["coverage"] == 0


def test_neighbourhoods_of_small_sets_reach_to_the_farthest_neighbour_that_both_have():
    reference = np.arange(6.0)[:, None]
    three = distances.Neighbourhoods(reference, np.array([[0.0], [1.0], [3.0]])).fractions()
    assert three["density"] == pytest.approx((2 + 3 + 4) / 3 / 2)  # k = 2: balls of radius 1, and 2 at both ends
    two = distances.Neighbourhoods(reference[:2], np.array([[0.0], [10.0]])).fractions()
    assert two == {"precision": 0.5, "recall": 1, "density": 1, "coverage": 1}


def test_one_collapsed_mode_has_precision_without_recall():
    reference = DRAW.normal(size=(80, 3))
    collapsed = reference[:1] + 0.001 * DRAW.normal(size=(40, 3))
    found = distances.Neighbourhoods(reference, collapsed).fractions()
    assert found["precision"] == 1
    assert found["recall"] < 0.1
    assert found["coverage"] < 0.3


def test_diversity_is_the_mean_distance_of_pairs():
    curves = np.zeros((3, 101, 30))
    curves[1], curves[2] = 2.0, 6.0
    assert distances.diversity(curves) == pytest.approx((2 + 6 + 4) / 3)
    assert math.isnan(distances.diversity(curves[:1]))


def test_time_normalisation_removes_speed_and_length():
    def bend(frames):
        return np.sin(np.linspace(0, np.pi, frames))[:, None] * np.array([90.0, 0.3])

    slow, fast = bend(180), bend(70)
    np.testing.assert_allclose(
        distances.time_normalised(slow, (0, 180)), distances.time_normalised(fast, (0, 70)), atol=1e-3
    )
    later = np.concatenate([np.full((40, 2), 5.0), fast])
    np.testing.assert_allclose(
        distances.time_normalised(later, (40, 110)), distances.time_normalised(fast, (0, 70)), atol=1e-9
    )


def test_features_are_means_over_the_frames_that_count():
    class Means:
        """An encoder whose latents are the means of four frames."""

        def parameters(self):
            return iter([torch.zeros(1)])

        def encode(self, motion):
            return motion.unflatten(1, (-1, 4)).mean(2)

    motion = torch.randn(70, 196, 33)
    mask = torch.arange(196).expand(70, -1) < 100
    found = distances.encoder_features(Means(), motion, mask)
    np.testing.assert_allclose(found, motion[:, :100].mean(1).double(), atol=1e-5)


def floor_contact(motion):
    return quantity_metrics(FLOOR, Context(motion, skeleton=SimpleSkeleton()), has_skeleton=True)


def test_contact_of_planted_sliding_and_floating_feet():
    motion = squat()
    planted = floor_contact(motion)
    assert max(planted.values()) < 1e-2
    motion[..., AT["pelvis_tz"]] += 0.1 * torch.arange(196) / 60
    sliding = floor_contact(motion)
    assert sliding["contact_sliding"] == pytest.approx(10, rel=1e-3)  # cm/s
    motion = squat()
    motion[:, 150:, AT["pelvis_ty"]] += 0.05
    assert floor_contact(motion)["contact_floating"] == pytest.approx(5 * 46 / 196, rel=1e-2)
    motion[:, 150:, AT["pelvis_ty"]] -= 0.10
    assert floor_contact(motion)["contact_penetration"] == pytest.approx(5 * 46 / 196, rel=1e-2)


def test_a_cubic_path_has_constant_jerk_and_a_masked_seam_none():
    time_s = torch.arange(120, dtype=torch.float64) / 60
    motion = torch.zeros(1, 120, 33, dtype=torch.float64)
    motion[0, :, AT["pelvis_tx"]] = time_s**3
    for name in ("hip_flexion", "knee_angle", "ankle_angle"):
        motion[0, :, AT[f"{name}_l"]] = motion[0, :, AT[f"{name}_r"]] = 100 * time_s**3
    motion[..., AT["pelvis_tilt"]] = motion[..., AT["knee_angle_l"]]
    found = quantity_metrics(GUIDANCE, Context(motion), has_skeleton=False)
    assert found["com_jerk"] == pytest.approx(6, rel=1e-6)
    assert found["angular_jerk"] == pytest.approx(0.6, rel=1e-6)
    tiled = torch.cat([motion, motion], 1)
    seamless = torch.arange(240)[None] < 120
    assert quantity_metrics(GUIDANCE, Context(tiled), has_skeleton=False)["com_jerk"] > 1e3
    masked = quantity_metrics(GUIDANCE, Context(tiled, mask=seamless), has_skeleton=False)
    assert masked == pytest.approx(found, rel=1e-6)


def test_depth_and_alignment_of_a_squat_that_bends_forward_only():
    context = Context(squat(depth_deg=90.0), skeleton=SimpleSkeleton())
    found = quantity_metrics(GUIDANCE, context, has_skeleton=True)
    assert found["knee_flexion"] == pytest.approx(90, rel=1e-3)
    assert found["pelvis_drop"] == pytest.approx(90 * (1 - math.cos(math.pi / 4)), rel=1e-3)  # cm
    assert found["knee_valgus"] == pytest.approx(0, abs=1e-3)
    assert found["range_excess"] == 0


def test_bands_hold_nineteen_of_twenty_normal_curves_points_and_no_far_one():
    curves = DRAW.normal(size=(4000, 101, 2)) * np.array([1.0, 5.0])
    band = ReferenceBand(curves)
    assert band.fraction_inside(curves).mean() == pytest.approx(norm.cdf(2) - norm.cdf(-2), abs=0.005)
    assert band.fraction_inside(curves + 100).max() == 0
    welded = np.zeros((5, 101, 1))
    assert ReferenceBand(welded).fraction_inside(welded).min() == 1


def test_the_band_of_two_curves_is_two_of_their_sample_standard_deviations_wide():
    band = ReferenceBand(np.stack([np.zeros((101, 1)), np.full((101, 1), 2.0)]))
    np.testing.assert_allclose(band.high, 1 + 2 * np.sqrt(2), atol=1e-5)
    np.testing.assert_allclose(band.low, 1 - 2 * np.sqrt(2), atol=1e-5)


def test_normality_is_rejected_for_skewed_curves_and_seldom_for_normal_ones():
    assert fraction_not_normal(DRAW.normal(size=(60, 101, 8))) < 0.15
    assert fraction_not_normal(DRAW.exponential(size=(60, 101, 8))) > 0.9
    assert math.isnan(fraction_not_normal(DRAW.normal(size=(5, 101, 8))))


def test_bootstrap_interval_of_the_mean_is_about_two_standard_errors_and_one_subject_has_none():
    values = DRAW.normal(10, 3, 400)
    low, high = interval_of_mean(values, seed=1)
    half = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.1)
    assert interval_of_mean(values, seed=1) == (low, high)
    assert not any(map(math.isnan, interval_of_mean(values[:2], seed=1)))
    assert all(map(math.isnan, interval_of_mean(values[:1], seed=1)))


def test_bootstrap_of_a_set_draws_subjects_with_all_their_motions():
    subject_of = np.repeat(np.arange(6), 5)
    values = np.repeat(np.arange(6.0), 5)
    drawn = []

    def statistic(indices):
        drawn.append(indices)
        return {"mean": float(values[indices].mean())}

    low, high = interval_of_set(statistic, subject_of, seed=3)["mean"]
    half = 1.96 * np.arange(6.0).std() / 6**0.5
    assert (low, high) == pytest.approx((2.5 - half, 2.5 + half), abs=0.4)
    for indices in drawn[:20]:
        counts = np.bincount(subject_of[indices], minlength=6)
        assert (counts % 5 == 0).all()
    assert not any(map(math.isnan, interval_of_set(statistic, subject_of[:10], seed=3)["mean"]))
    assert all(map(math.isnan, interval_of_set(statistic, subject_of[:5], seed=3)["mean"]))  # one subject


def test_limits_of_what_cannot_be_negative_are_not_negative():
    values = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.06])
    found = interval_of_set(lambda chosen: {"mean": float(values[chosen].mean())}, np.arange(6), seed=0)["mean"]
    assert 0 <= found[0] < 0.005
    assert 0.01 < found[1] < 0.05
    assert interval_of_set(lambda chosen: {"none": 0.0}, np.arange(6), seed=0)["none"] == (0.0, 0.0)


def test_bootstrap_of_a_set_is_corrected_for_its_bias():
    """The number of different subjects can only fall in a resample; the corrected interval still contains it."""
    subject_of = np.repeat(np.arange(12), 4)
    low, high = interval_of_set(lambda chosen: {"n": float(len(set(subject_of[chosen])))}, subject_of, seed=0)["n"]
    assert low < 12 < high


def test_small_samples_are_warned_about():
    assert describe_small_samples("set", 21, 420) == []
    assert len(describe_small_samples("set", 1, 1)) == 2


def test_the_papers_rows_name_published_metrics_only():
    names = {name for row in PUBLISHED_ROWS.values() for name in row}
    assert names == {metric.name for metric in METRICS.values() if metric.definition == PUBLISHED}
