"""Quantities against closed forms, the published definitions and what a mask, a batch and a gradient have to do."""

import json

import numpy as np
import pytest
import torch
from bodies import SimpleSkeleton, SimpleSurrogate, squat
from opensim_poses import rajagopal2015

from dataset.errors import InputError
from dataset.opensim.model_reader import load_skeleton
from models.conventions import COORDINATE_INDEX as AT
from models.conventions import KNEE_INDICES, MUSCLE_INDEX
from models.surrogate.prediction import MusclePrediction
from utils.biomechanics.context import Context, LegJoints
from utils.biomechanics.registry import QUANTITIES, canonical_names, evaluate_quantity
from utils.biomechanics.repetition_frames import repetition_frames
from utils.biomechanics.statistics import outside, summarise
from utils.biomechanics.trace import Trace
from utils.guidance.guided_context import guided_context
from utils.guidance.objective.constraint_grammar import parse_term
from utils.guidance.objective.whole_motion import in_balance, of_repetitions, posture_as_own, whole_motion_terms
from utils.metrics.published_guidance import published_activation_metrics, published_guidance_metrics

ARGUMENTS = {"muscle": "vasmed", "coordinate": "lumbar_extension", None: None}


def context_of(motion, **options):
    own = Context(squat(depth_deg=80).to(motion.dtype), surrogate=SimpleSurrogate(), skeleton=SimpleSkeleton())
    return Context(motion, surrogate=SimpleSurrogate(), skeleton=SimpleSkeleton(), own=own, **options)


def test_published_metrics_are_reproduced(recordings):
    published = json.loads((recordings / "published" / "metrics_parity.json").read_text())
    windows = np.load(recordings / "published" / "surrogate_parity.npz")
    context = Context(
        torch.from_numpy(windows["motion"]), activations=torch.from_numpy(windows["activations_as_batch"])
    )
    ours = published_guidance_metrics(context) | published_activation_metrics(context, 0.35, 0.45, "vasmed")
    expected = {
        "pelvis_tilt": published["pelvis_tilt_deg_each_at_its_own_peak"],
        "asymmetry": published["asymmetry_deg"],
        "omega": published["omega_deg_s"],
        "com_velocity": published["com_velocity_m_s"],
        "com_acceleration": published["com_acceleration_m_s2"],
        "mac": published["mac"],
    }
    assert ours == pytest.approx(expected, rel=2e-6)
    peaks = summarise(evaluate_quantity("activation", context, "vasmed"), "max")
    np.testing.assert_allclose(peaks, published["peak_vasmed"], rtol=1e-6)


def test_speed_and_acceleration_of_uniform_motion():
    time_s = torch.arange(120, dtype=torch.float64) / 60
    motion = torch.zeros(1, 120, 33, dtype=torch.float64)
    motion[0, :, AT["pelvis_ty"]] = 0.9 - 0.5 * 3.0 * time_s**2
    motion[0, :, AT["pelvis_tx"]] = 0.4 * time_s
    for name in ("hip_flexion", "knee_angle", "ankle_angle"):
        motion[0, :, AT[f"{name}_l"]] = motion[0, :, AT[f"{name}_r"]] = 50 * time_s
    motion[0, :, AT["pelvis_tilt"]] = -50 * time_s
    context = Context(motion)
    assert summarise(evaluate_quantity("angular_speed", context), "rms").item() == pytest.approx(50)
    acceleration = evaluate_quantity("com_acceleration", context)
    torch.testing.assert_close(acceleration.values[acceleration.valid], torch.full((118, 1), 3.0).double())
    speed = evaluate_quantity("com_speed", context).values[0, -1, 0].item()
    assert speed == pytest.approx(np.hypot(0.4, 3.0 * (118.5 / 60)))


def test_asymmetry_is_the_rms_of_the_joints_difference():
    motion = squat()
    motion[..., AT["knee_angle_l"]] += 6
    expected = 6 / 3**0.5
    assert summarise(evaluate_quantity("asymmetry", Context(motion)), "rms").item() == pytest.approx(expected, rel=1e-4)


def test_planted_feet_do_not_slip_and_a_sliding_body_does():
    motion = squat()
    context = context_of(motion)
    assert summarise(evaluate_quantity("foot_slip", context), "max").max() < 1e-4
    assert summarise(evaluate_quantity("foot_drift", context), "max").max() < 1e-5
    assert summarise(evaluate_quantity("foot_lift", context), "max").max() < 1e-5
    motion[..., AT["pelvis_tz"]] += 0.1 * torch.arange(196) / 60
    context = context_of(motion)
    torch.testing.assert_close(summarise(evaluate_quantity("foot_slip", context), "mean"), torch.full((1, 2), 0.1))
    assert summarise(evaluate_quantity("foot_drift", context), "max").max().item() == pytest.approx(
        0.1 * 97.5 / 60, rel=1e-3
    )


def test_a_raised_foot_is_lifted_and_its_lowest_point_still_counts_for_slip():
    motion = squat()
    motion[:, 50:60, AT["knee_angle_l"]] += 40
    motion[..., AT["pelvis_tx"]] += 0.2 * torch.arange(196) / 60
    context = context_of(motion)
    lift = summarise(evaluate_quantity("foot_lift", context), "max")[0]
    assert lift[0] > 0.05
    assert lift[1] < 1e-4
    slip = evaluate_quantity("foot_slip", context)
    torch.testing.assert_close(slip.values[0, 55], torch.tensor([0.2, 0.2]))


def test_floor_is_the_median_of_the_lowest_points_and_depth_below_it_is_penetration():
    motion = squat()
    motion[..., AT["pelvis_ty"]] += 0.37
    motion[:, 100, AT["pelvis_ty"]] -= 0.012
    context = context_of(motion)
    assert context.floor_height.item() == pytest.approx(0.37, abs=1e-5)
    penetration = evaluate_quantity("floor_penetration", context).values[0, :, 0]
    assert penetration[100].item() == pytest.approx(0.012, abs=1e-5)
    assert penetration.sort().values[:-1].max() < 1e-5
    motion[:, 50, AT["knee_angle_r"]] -= 10  # one foot sinks and the other one stays
    assert evaluate_quantity("floor_penetration", context_of(motion)).values[0, 50, 0] > 0.005
    assert summarise(evaluate_quantity("pelvis_height", context), "start").item() == pytest.approx(0.9, abs=1e-5)


def test_the_floor_is_under_the_foot_that_stands():
    motion = squat()
    motion[..., AT["knee_angle_l"]] += 40
    context = context_of(motion)
    assert context.sole_height[0, 0].amax() > 0.05
    assert context.floor_height.item() == pytest.approx(0, abs=1e-5)


def test_a_group_is_as_active_as_its_most_active_muscle():
    activations = torch.full((1, 4, 80), 0.1)
    activations[..., MUSCLE_INDEX["vaslat_l"]] = 0.6
    activations[..., MUSCLE_INDEX["recfem_r"]] = 0.3
    context = Context(torch.zeros(1, 4, 33), activations=activations)
    torch.testing.assert_close(context.activation("quadriceps")[0, 0], torch.tensor([0.6, 0.3]))


def test_depth_of_a_squat():
    context = Context(squat(depth_deg=100))
    assert summarise(evaluate_quantity("knee_flexion", context), "max")[0].tolist() == pytest.approx(
        [100, 100], rel=1e-3
    )
    expected = 0.9 * (1 - np.cos(np.radians(50)))
    assert summarise(evaluate_quantity("pelvis_drop", context), "max").item() == pytest.approx(expected, rel=1e-3)


def test_a_trunk_leans_by_pelvis_and_back():
    motion = squat()
    motion[..., AT["lumbar_extension"]] = -5
    assert summarise(evaluate_quantity("trunk_lean", context_of(motion)), "max").item() == pytest.approx(
        0.3 * 90 + 5, abs=0.1
    )
    motion[..., AT["lumbar_extension"]] = 90
    assert evaluate_quantity("trunk_lean", context_of(motion)).values[0, 0, 0].item() == pytest.approx(90, abs=0.01)


def test_thighs_turned_in_bring_the_knees_in():
    """On the generic model: a squat's legs, then 15 degrees of internal rotation at the hips, then of external."""
    skeleton = load_skeleton(rajagopal2015(), torch.float64)
    motion = torch.zeros(3, 1, 33, dtype=torch.float64)
    for side in "lr":
        motion[..., AT[f"hip_flexion_{side}"]] = 80
        motion[..., AT[f"knee_angle_{side}"]] = 90
        motion[1, :, AT[f"hip_rotation_{side}"]] = 15
        motion[2, :, AT[f"hip_rotation_{side}"]] = -15
    straight, inwards, outwards = evaluate_quantity("knee_valgus", Context(motion, skeleton=skeleton)).values[:, 0]
    torch.testing.assert_close(straight[0], straight[1], atol=1e-6, rtol=0)
    for side in (0, 1):
        assert inwards[side] - straight[side] > 0.03
        assert outwards[side] - straight[side] < -0.03


def test_an_angle_beyond_either_end_of_its_range_exceeds_it_by_that_much():
    skeleton = load_skeleton(rajagopal2015(), torch.float64)
    motion = torch.zeros(3, 1, 33, dtype=torch.float64)
    low, high = skeleton.coordinate_range[AT["knee_angle_r"]].tolist()
    motion[1, :, AT["knee_angle_r"]] = high + 4
    motion[2, :, AT["knee_angle_r"]] = low - 7
    found = evaluate_quantity("range_excess", Context(motion, skeleton=skeleton)).values[:, 0, 0]
    torch.testing.assert_close(found, torch.tensor([0.0, 4.0, 7.0], dtype=torch.float64))


def test_a_straight_leg_has_its_knee_on_the_line_from_hip_to_ankle():
    joints = torch.zeros(1, 1, 3, 2, 3)  # hip, knee, ankle; left, right
    joints[..., 0, :, :] = torch.tensor([[0.1, 0.9, -0.1], [0.1, 0.9, 0.1]])
    joints[..., 1, :, :] = torch.tensor([[0.3, 0.5, -0.15], [0.3, 0.5, 0.15]])
    joints[..., 2, :, :] = torch.tensor([[0.1, 0.1, -0.2], [0.1, 0.1, 0.2]])
    context = Context(torch.zeros(1, 1, 33))
    context.leg_joints = LegJoints(*joints.unbind(2))
    torch.testing.assert_close(evaluate_quantity("knee_valgus", context).values, torch.zeros(1, 1, 2))
    context.leg_joints.knee[..., 1, 2] -= 0.04  # the right knee goes in
    assert evaluate_quantity("knee_valgus", context).values[0, 0].tolist() == pytest.approx([0, 0.04], abs=1e-3)


def test_peak_frame_is_of_the_more_active_side():
    activations = torch.zeros(1, 50, 80)
    activations[0, 20, MUSCLE_INDEX["vasmed_l"]] = 0.5
    activations[0, 31, MUSCLE_INDEX["vasmed_r"]] = 0.6
    context = Context(torch.arange(50.0).view(1, 50, 1).repeat(1, 1, 33), activations=activations)
    assert context.peak_frame("vasmed").tolist() == [31]
    assert context.peak_frame("vasmed_l").tolist() == [20]
    tilt = summarise(evaluate_quantity("pelvis_tilt", context), "at_peak", context, "vasmed")
    assert tilt.tolist() == [[31.0]]


@pytest.mark.parametrize("name", QUANTITIES)
def test_masked_frames_do_not_count_and_samples_do_not_mix(name):
    """The first sample ends in nonsense that its mask hides; it equals the sample that never had it."""
    generator = torch.Generator().manual_seed(0)
    motion = squat(2, 80) + 0.5 * torch.randn(2, 80, 33, generator=generator)
    mask = torch.ones(2, 80, dtype=torch.bool)
    mask[0, 60:] = False
    spoilt = motion.clone()
    spoilt[0, 60:] = 1e3
    argument = ARGUMENTS[QUANTITIES[name].argument]
    for statistic in ("mean", "rms", "max", "min", "range", "sum", "start", "end"):
        together = summarise(evaluate_quantity(name, context_of(spoilt, mask=mask), argument), statistic)
        alone = summarise(evaluate_quantity(name, context_of(motion[:1, :60]), argument), statistic)
        torch.testing.assert_close(together[:1], alone, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", QUANTITIES)
def test_every_quantity_has_a_finite_gradient_even_standing_still(name):
    for motion in (squat(1, 40), torch.zeros(1, 40, 33)):
        motion = motion.clone().requires_grad_()
        trace = evaluate_quantity(name, context_of(motion), ARGUMENTS[QUANTITIES[name].argument])
        summarise(trace, "rms").sum().backward()
        assert motion.grad.isfinite().all()


def test_gradient_is_the_finite_difference():
    motion = squat(1, 12, dtype=torch.float64) + 0.1 * torch.randn(
        1, 12, 33, generator=torch.Generator().manual_seed(1)
    )
    for name in ("asymmetry", "angular_speed", "com_speed", "com_acceleration"):
        torch.autograd.gradcheck(
            lambda x, name=name: summarise(evaluate_quantity(name, Context(x)), "rms"), motion.double().requires_grad_()
        )


def test_sum_and_mean_square_and_outside():
    trace = Trace(torch.tensor([[[1.0], [2.0], [9.0]]]), torch.tensor([[True, True, False]]))
    assert summarise(trace, "sum").item() == 3
    assert summarise(trace, "mean_square").item() == 2.5
    assert outside(torch.tensor([0.3, 0.4, 0.5]), 0.35, 0.45).tolist() == pytest.approx([0.05, 0, 0.05])
    assert outside(torch.tensor([5.0]), 7.0, None).item() == 2


def standing_after(motion, frames):
    """The motion, followed by frames in which the person stands still."""
    return torch.cat([motion, motion[:, -1:].expand(-1, frames, -1)], 1)


@pytest.mark.parametrize("name", ["asymmetry", "angular_speed", "com_speed", "com_acceleration"])
def test_standing_after_a_squat_does_not_change_what_is_found_of_the_squat(name):
    motion = squat(2)
    motion[0, :, 12] += 3.0  # of one knee, in standing too
    values = [
        summarise(evaluate_quantity(name, guided_context(longer, skeleton=SimpleSkeleton())), "rms")
        for longer in (motion, standing_after(motion, 100), standing_after(motion, 404))
    ]
    torch.testing.assert_close(values[1], values[2])
    torch.testing.assert_close(values[0], values[1], rtol=0.08, atol=1e-4)


def test_feet_that_slide_in_standing_are_found():
    motion = standing_after(squat(1), 200)
    motion[0, -100:, AT["pelvis_tx"]] += 0.002 * torch.arange(100)
    context = guided_context(motion, skeleton=SimpleSkeleton())
    assert not context.mask[0, -150:].any()
    assert summarise(evaluate_quantity("foot_drift", context), "max").max() > 0.1
    assert summarise(evaluate_quantity("foot_slip", context), "max").max() == pytest.approx(0.12, rel=1e-3)


def test_frames_of_the_squat_are_all_where_a_motion_breaks_off_and_none_are_known_where_it_is_still():
    motion = standing_after(squat(1), 60)
    frames = repetition_frames(motion)[0]
    assert frames[:150].float().mean() > 0.6
    assert not frames[-50:].any()
    broken_off = torch.cat([motion, motion[:, :90]], 1)
    assert repetition_frames(broken_off)[0, 30:].all()
    assert repetition_frames(torch.zeros(1, 30, 33)).all()


def test_derived_quantities_are_computed_once():
    calls = []

    def surrogate(motion, mask):
        calls.append(mask.shape)
        return SimpleSurrogate()(motion)

    context = Context(squat(2), surrogate=surrogate)
    evaluate_quantity("activation", context, "vasmed")
    evaluate_quantity("activation", context, "soleus_l")
    context.peak_frame("vasmed")
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("name", "argument", "says"),
    [
        ("knee", None, "knee_flexion"),
        ("activation", None, "activation:<muscle>"),
        ("activation", "vastus medalis", "did you mean vasmed"),
        ("activation", "biceps", "bflh"),
        ("knee_flexin_l", None, "knee_flexion"),
        ("vastus medalis", None, "did you mean activation:vasmed"),
        ("asymmetry_l", None, "no sides"),
        ("coordinate", "knee_angle", "knee_angle_l"),
        ("asymmetry", "vasmed", "no name"),
        ("foot_slip", None, "--subject"),
    ],
)
def test_the_error_for_an_unknown_quantity_names_the_known_ones(name, argument, says):
    with pytest.raises(InputError, match=says):
        evaluate_quantity(name, Context(squat()), argument)
    for statistic in ("median", "median_over_descent", "max_over_lunge", "at_101_percent"):
        with pytest.raises(InputError, match=f"no statistic '{statistic}'.*at_peak"):
            canonical_names("asymmetry", None, statistic, None)


def test_activations_within_the_margin_at_the_ends_do_not_count():
    activations = torch.full((1, 60, 80), 0.1)
    activations[:, 5], activations[:, 30], activations[:, 55] = 0.9, 0.4, 0.8
    motion = squat(1)[:, :60]
    for ends_s, peak, frame in ((0.0, 0.9, 5), (0.2, 0.4, 30)):
        context = Context(motion, activations=activations, ends_s=ends_s)
        assert summarise(evaluate_quantity("activation", context, "vasmed"), "max").tolist() == [
            pytest.approx([peak, peak])
        ]
        assert context.peak_frame("vasmed").item() == frame


def test_repetitions_counts_squats_and_not_standing():
    one = squat(frames=120)
    still = torch.zeros(1, 60, 33)
    two = torch.cat([one, one], 1)
    half = one[:, :60]
    for motion, count in ((one, 1), (two, 2), (still, 0), (half, 0.5)):
        found = summarise(evaluate_quantity("repetitions", Context(motion)), "sum")
        assert found.item() == pytest.approx(count, abs=0.02)


def test_a_whole_motion_is_one_squat_or_as_many_as_are_asked_for():
    (single,) = (term for term in whole_motion_terms() if term.quantity == "repetitions")
    (double,) = of_repetitions([single], 2)
    one = squat(frames=120)
    for motion, expected in (
        (one, [True, False]),
        (torch.cat([one, one], 1), [False, True]),
        (one[:, :60], [False] * 2),
    ):
        assert [bool(term.holds(term.value(Context(motion)))) for term in (single, double)] == expected


def test_a_heel_is_lifted_where_the_foot_stands_on_its_toes():
    skeleton = load_skeleton(rajagopal2015(), torch.float64)
    motion = torch.zeros(1, 3, 33, dtype=torch.float64)
    motion[:, 1, AT["ankle_angle_l"]] = -20.0  # toes down
    motion[:, 2, AT["ankle_angle_r"]] = 20.0  # toes up
    motion[..., AT["pelvis_tx"]] = 1.0
    context = Context(motion, skeleton=skeleton)
    found = evaluate_quantity("heel_lift", Context(motion, skeleton=skeleton, floor_height_m=-2.0)).values - 2.0
    heels = [skeleton.contact_names.index(f"s1_{side}") for side in "lr"]
    torch.testing.assert_close(found, context.sole_height[..., heels])
    assert (found[0, 1, 0] - context.sole_height[0, 1].amin()).item() > 0.05
    standing = Context(motion[:, :1], skeleton=skeleton)
    assert evaluate_quantity("heel_lift", standing).values.max() < 0.003


@pytest.mark.parametrize("dip_deg", [0.0, 15.0])
def test_a_squat_bounces_by_how_far_its_knees_straighten_before_they_bend_again(dip_deg):
    one = squat(frames=121)
    rise = dip_deg * torch.hann_window(41, periodic=False)
    for knee in ("knee_angle_l", "knee_angle_r"):
        one[0, :, AT[knee]].clamp_(max=60.0)  # flat at the bottom
        one[0, 40:81, AT[knee]] -= rise
    for motion in (one, torch.cat([one, one], 1)):  # standing between two squats is no bounce
        found = summarise(evaluate_quantity("bounce", Context(motion)), "max")
        assert found.item() == pytest.approx(dip_deg, abs=1e-3)


def test_hips_that_straighten_at_the_bottom_and_bend_again_bounce_with_still_knees():
    one = paused_squat(1.0, 0, 0)
    for side in "lr":
        hip, knee = one[0, :, AT[f"hip_flexion_{side}"]], one[0, :, AT[f"knee_angle_{side}"]]
        hip += 0.8 * knee
    term = next(term for term in whole_motion_terms() if term.quantity == "bounce")
    assert term.value(Context(one)).item() == 0
    for side in "lr":
        one[0, 95:136, AT[f"hip_flexion_{side}"]] -= 8 * torch.hann_window(41, periodic=False)
    assert term.value(Context(one)).item() == pytest.approx(8, abs=1e-3)
    assert not term.holds(term.value(Context(one))).item()
    (as_own,) = posture_as_own([term], Context(one))
    assert as_own.high == pytest.approx(11, abs=1e-3)  # whose own squats bounce may go on to do so


def test_a_trunk_that_straightens_for_the_bottom_alone_bounces():
    """A value at the bottom is not to be met by a moment there: bowed on the way down and up, upright in between."""
    one = paused_squat(1.0, 0, 0)
    one[0, :, AT["pelvis_tilt"]] -= 0.5 * one[0, :, AT["knee_angle_l"]]
    term = next(term for term in whole_motion_terms() if term.quantity == "bounce")
    assert term.value(Context(one)).item() == 0
    one[0, 95:136, AT["lumbar_extension"]] += 25 * torch.hann_window(41, periodic=False)
    assert term.value(Context(one)).item() == pytest.approx(25, abs=1e-3)


def paused_squat(*pauses_s, deepest=90.0, up_s=1.0):
    """A squat at even speeds with pauses at 30, 60 and 100 percent of its depth on the way up, (1, T, 33)."""
    at_share = dict(zip((1.0, 0.6, 0.3), pauses_s, strict=True))
    depth = [torch.zeros(30), torch.linspace(0, 1, 61)]
    for share, until in ((1.0, 0.6), (0.6, 0.3), (0.3, 0.0)):
        depth.append(torch.full((round(60 * at_share[share]),), share))
        depth.append(torch.linspace(share, until, round(60 * up_s * (share - until)) + 1))
    depth = torch.cat([*depth, torch.zeros(30)])
    motion = torch.zeros(1, len(depth), 33)
    for side in "lr":
        motion[0, :, AT[f"knee_angle_{side}"]] = deepest * depth
    return motion


def pause_of(motion):
    return summarise(evaluate_quantity("halfway_pause", Context(motion)), "max").item()


def test_the_longest_pause_half_way_counts_and_none_at_the_bottom_or_in_standing():
    assert pause_of(paused_squat(2.0, 0, 0)) == pytest.approx(0, abs=0.02)
    one = paused_squat(1.0, 0.5, 0)
    assert pause_of(one) == pytest.approx(0.5, abs=0.04)
    assert pause_of(paused_squat(0, 0.4, 1.2)) == pytest.approx(1.2, abs=0.04)
    assert pause_of(torch.cat([one, one], 1)) == pytest.approx(0.5, abs=0.04)
    assert pause_of(one.flip(1)) == pytest.approx(0.5, abs=0.04)  # on the way down


@pytest.mark.parametrize("seconds", [0.5, 1.0])
def test_who_stays_on_slightly_bent_knees_before_standing_pauses_and_who_stands_on_them_does_not(seconds):
    share = torch.cat(
        [torch.linspace(1, 0.15, 52), torch.full((round(60 * seconds),), 0.15), torch.linspace(0.15, 0, 10)]
    )
    depth = torch.cat([torch.zeros(30), torch.linspace(0, 1, 61), share, torch.zeros(30)])
    motion = torch.zeros(1, len(depth), 33)
    motion[0, :, [AT["knee_angle_l"], AT["knee_angle_r"]]] = 80 * depth[:, None]
    assert pause_of(motion) == pytest.approx(seconds, abs=0.04)
    assert pause_of(motion[:, : 30 + 61 + 52 + round(60 * seconds)]) < 0.04  # the same knees, in standing


def test_who_rises_a_little_from_the_bottom_and_waits_there_pauses():
    depth = torch.cat([torch.linspace(0, 1, 60), torch.linspace(1, 0.86, 15), torch.full((30,), 0.86)])
    motion = torch.zeros(1, 165, 33)
    motion[0, :, KNEE_INDICES] = 70 * torch.cat([depth, torch.linspace(0.86, 0, 60)])[:, None]
    assert pause_of(motion) == pytest.approx(0.5, abs=0.04)


def test_a_slow_ascent_behind_a_quick_descent_is_no_pause():
    assert pause_of(paused_squat(0, 0, 0, up_s=15.0)) < 0.02


def test_a_pause_ends_where_the_knees_go_on_up():
    motion = paused_squat(0, 0.5, 0).requires_grad_()
    (slope,) = torch.autograd.grad(summarise(evaluate_quantity("halfway_pause", Context(motion)), "max").sum(), motion)
    knees = slope[0, :, AT["knee_angle_l"]]
    first, last = knees.nonzero()[[0, -1], 0]
    assert knees[first] < 0 < knees[last]  # less of it where the pause begins higher up the flexion and ends lower


def test_a_squat_that_pauses_half_way_is_not_whole_unless_the_own_ones_do():
    term = next(term for term in whole_motion_terms() if term.quantity == "halfway_pause")
    paused, own = paused_squat(0, 0.6, 0), paused_squat(0, 0.55, 0)
    assert not term.holds(term.value(Context(paused))).item()
    (as_own,) = posture_as_own([term], Context(own))
    assert as_own.holds(term.value(Context(paused))).item()
    (as_own,) = posture_as_own([term], Context(paused_squat(0, 0, 0)))
    assert as_own.high == pytest.approx(0.1, abs=0.02)


def test_knees_that_move_while_the_person_stands_do_not_bounce():
    motion = squat(frames=121)
    for knee in ("knee_angle_l", "knee_angle_r"):
        motion[0, :11, AT[knee]] += 15 * torch.hann_window(11, periodic=False)
    assert summarise(evaluate_quantity("bounce", Context(motion)), "max").item() == 0


def test_a_squat_that_bounces_is_not_whole():
    motion = squat(frames=121).repeat(2, 1, 1)
    for knee in ("knee_angle_l", "knee_angle_r"):
        motion[1, :, AT[knee]] -= 40 * torch.exp(-((torch.arange(121) - 60) / 10.0).square())
    term = next(term for term in whole_motion_terms() if term.quantity == "bounce")
    assert term.holds(term.value(Context(motion))).tolist() == [True, False]


@pytest.mark.parametrize("at_end", [False, True])
def test_a_squat_begins_and_ends_in_standing(at_end):
    motion = squat(frames=121).repeat(4, 1, 1)
    for knee in (AT["knee_angle_l"], AT["knee_angle_r"]):
        motion[1, :10, knee] += torch.linspace(12, 0, 10)  # begins on bent knees, straightens, and squats
        motion[2, :15, knee] += 15 * torch.hann_window(15, periodic=False)  # dips first
        motion[3, :, knee] = 7.0  # does not squat
    flexion = motion[:, :30, AT["knee_angle_l"]]
    straightened = (flexion.cummax(1).values - flexion).amax(1)
    context = Context(motion.flip(1) if at_end else motion)
    found = summarise(evaluate_quantity("standing_extension", context), "max").squeeze(1)
    torch.testing.assert_close(found, straightened)
    term = next(term for term in whole_motion_terms() if term.quantity == "standing_extension")
    assert term.holds(term.value(context)).tolist() == [True, False, False, True]


def test_standing_is_judged_at_both_ends():
    motion = squat(frames=196)
    cut = motion[:, :150]  # ends with bent knees
    context = Context(cut, skeleton=SimpleSkeleton())
    knee = AT["knee_angle_l"]
    flexion = summarise(evaluate_quantity("standing_flexion", context), "max")
    torch.testing.assert_close(flexion, cut[:, 144, [knee, knee]])
    assert summarise(evaluate_quantity("standing_speed", context), "max") > 50
    assert summarise(evaluate_quantity("standing_speed", Context(motion)), "max") < 20
    lean = summarise(evaluate_quantity("standing_lean", context), "max")
    torch.testing.assert_close(lean, cut[:, 144, AT["pelvis_tilt"]].abs()[:, None], atol=1e-3, rtol=0)


def test_standing_is_judged_in_the_precision_of_the_skeleton():
    """A verdict is on motions in float64, on a skeleton in float32."""
    skeleton = load_skeleton(rajagopal2015(), torch.float32)
    motion = squat(frames=60, dtype=torch.float64)
    found = summarise(evaluate_quantity("standing_lean", Context(motion, skeleton=skeleton)), "max")
    whole = summarise(evaluate_quantity("trunk_lean", Context(motion[:, :6], skeleton=skeleton)), "max")
    torch.testing.assert_close(found.float(), whole.float(), atol=1e-3, rtol=0)


def squats_with_pressure_at(*places):
    """The context of squats on two feet whose weight rests at these places along the feet."""
    motion = squat(len(places), 60, dtype=torch.float64)
    skeleton = load_skeleton(rajagopal2015(), torch.float64)
    points = skeleton.contact_points(motion).unflatten(2, (2, 6)).flip(2)
    radii = skeleton.contact_radii.unflatten(0, (2, 6)).flip(0)
    heels, toes = (points[..., 0] - radii).amin(-1), (points[..., 0] + radii).amax(-1)
    centres = torch.zeros(*motion.shape[:2], 2, 3, dtype=torch.float64)
    centres[..., 0] = heels + torch.tensor(places).double()[:, None, None] * (toes - heels)
    load = torch.tensor([0.7, 0.3]).double().expand(*motion.shape[:2], 2)
    found = MusclePrediction(motion.new_zeros(*motion.shape[:2], 80), load, None, centres)
    return Context(motion, skeleton=skeleton, prediction=found)


def test_the_weight_rests_where_the_feet_together_carry_it():
    context = squats_with_pressure_at(0.3, 0.6)
    lateral = context.prediction.centres_of_pressure.clone()
    lateral[:, :, 1] = lateral[:, :, 1] + torch.tensor([0.05, 0, 0]).double()  # of the right foot, further forward
    moved = Context(
        context.motion,
        skeleton=context.skeleton,
        prediction=context.prediction._replace(centres_of_pressure=lateral),
    )
    before, after = (evaluate_quantity("net_centre_of_pressure", one).values[..., 0] for one in (context, moved))
    torch.testing.assert_close(before[:, 30], torch.tensor([0.3, 0.6]).double(), atol=0.03, rtol=0)
    of_foot = (
        evaluate_quantity("centre_of_pressure", moved).values - evaluate_quantity("centre_of_pressure", context).values
    )
    assert of_foot[..., 1].min() > 0.1
    torch.testing.assert_close(after - before, 0.3 * of_foot[..., 1])


def test_a_change_of_weight_is_along_the_feet_and_between_them():
    own = squats_with_pressure_at(0.4)
    ahead = squats_with_pressure_at(0.4, 0.6)
    to_the_right = ahead.prediction.load_share.clone()
    to_the_right[0] = torch.tensor([0.4, 0.6]).double()  # of 0.7 and 0.3
    found = ahead.prediction._replace(load_share=to_the_right)
    moved = Context(ahead.motion, skeleton=ahead.skeleton, prediction=found, own=own)
    change = summarise(evaluate_quantity("weight_change_from_own", moved), "rms")[:, 0]
    torch.testing.assert_close(change, torch.tensor([0.3, 0.2]).double() / 2**0.5, atol=0.01, rtol=0)
    same = Context(own.motion, skeleton=own.skeleton, prediction=own.prediction, own=own)
    assert summarise(evaluate_quantity("weight_change_from_own", same), "rms").item() < 1e-5


def test_a_motion_keeps_the_weight_off_heels_and_toes_unless_the_own_squats_have_it_there():
    whole = whole_motion_terms()

    def bounds(own):
        *before, back, front = in_balance(whole, own)
        assert before == whole
        assert (back.statistic, front.statistic) == ("min", "max")
        return back.low, front.high

    usual = bounds(None)
    assert bounds(squats_with_pressure_at(0.4, 0.5)) == usual
    low, high = bounds(squats_with_pressure_at(0.02, 0.95))
    torch.testing.assert_close(torch.tensor([low, high]), torch.tensor([0.02, 0.95]), atol=0.03, rtol=0)
    assert (low < usual[0], high > usual[1]) == (True, True)
    assert in_balance([], None) == []  # --no-whole
    asked = parse_term("net_centre_of_pressure:max:below:0.9")
    *_, only = in_balance([asked, *whole], None)
    assert (only.quantity, only.statistic) == ("net_centre_of_pressure", "min")


@pytest.mark.parametrize("statistic", ["mean", "at_bottom", "mean_over_descent"])
def test_a_share_of_the_load_is_not_met_by_swaying(statistic):
    own = Context(squat(1, 40), skeleton=SimpleSkeleton())
    whole = whole_motion_terms()
    mean, largest = parse_term(f"load_share_l:{statistic}:within:0.6:0.7"), parse_term("load_share_r:max:below:0.5")
    *before, steady = posture_as_own([mean, *whole], own)
    assert len(before) == 1 + len(whole)
    assert (steady.quantity, steady.statistic, steady.required, steady.of_a_whole_motion) == (
        "load_sway",
        "rms",
        True,
        True,
    )
    assert len(posture_as_own([largest, *whole], own)) == 1 + len(whole)
    assert posture_as_own([mean], own) == [mean]  # --no-whole
    assert posture_as_own([mean, *whole], None) == [mean, *whole]
    allowed = parse_term("load_sway:rms:below:0.2")
    assert posture_as_own([mean, allowed, *whole], own)[-1].quantity != "load_sway"
    (repeated,) = of_repetitions([steady], 3)
    assert repeated.high > steady.high
