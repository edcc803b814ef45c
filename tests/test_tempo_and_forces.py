"""Tempo, stance, forces and change from the own squat, against closed forms, segmentation and the generic model."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from bodies import SimpleSkeleton, SimpleSurrogate, squat
from opensim_poses import OpenSimPoses, rajagopal2015

from dataset.errors import InputError
from dataset.io.motion import Motion
from dataset.opensim.model_reader import load_skeleton
from dataset.windows.segmentation import segment_repetitions
from models.conventions import COORDINATE_INDEX as AT
from models.conventions import FRAME_RATE_HZ
from models.surrogate.prediction import MusclePrediction
from utils.biomechanics.context import Context
from utils.biomechanics.registry import evaluate_quantity, find_quantity
from utils.biomechanics.statistics import frames_of, summarise
from utils.biomechanics.trace import Trace
from utils.guidance.guided_context import guided_context
from utils.guidance.objective.constraint_grammar import parse_term
from utils.guidance.subject.asked_tempo import asked_duration_s, at_asked_tempo, at_frames, require_room, with_own_tempo
from utils.guidance.subject.own_motions import OwnMotions
from utils.guidance.verification import prediction_of, simulate_motions
from utils.simulation.simulated_prediction import simulated_prediction
from utils.simulation.simulators import build_simulator

TEMPO = ("descent_time", "hold_time", "ascent_time", "repetition_time")


def value_of(name, context, statistic=None):
    statistic = statistic or find_quantity(name).statistic or "max"
    return summarise(evaluate_quantity(name, context), statistic, context)


def timed_squat(down_s, hold_s, up_s, depth_deg=90.0):
    """A squat whose knees flex and extend as a cosine, with a second of standing at both ends, (1, T, 33)."""
    down, hold, up, still = (round(seconds * FRAME_RATE_HZ) for seconds in (down_s, hold_s, up_s, 1.0))

    def way(frames):
        return 0.5 * (1 - torch.cos(math.pi * torch.arange(frames, dtype=torch.float64) / frames))

    zero, one = torch.zeros(still, dtype=torch.float64), torch.ones(hold + 1, dtype=torch.float64)
    bend = depth_deg * torch.cat([zero, way(down), one, 1 - way(up)[1:], zero])
    motion = torch.zeros(1, len(bend), 33, dtype=torch.float64)
    for side in "lr":
        motion[0, :, AT[f"knee_angle_{side}"]] = bend
        motion[0, :, AT[f"hip_flexion_{side}"]] = 0.8 * bend
    motion[0, :, AT["pelvis_ty"]] = 0.9 * (bend * math.pi / 360).cos()
    return motion


@pytest.mark.parametrize("times_s", [(1.0, 0.5, 1.2), (3.0, 1.0, 1.0), (0.8, 0.3, 0.7)])
def test_tempo_is_that_of_the_motion_and_of_its_segmentation(times_s):
    motion = timed_squat(*times_s)
    context = guided_context(motion)
    descent, hold, ascent, whole = (value_of(name, context).item() for name in TEMPO)
    assert descent + hold + ascent == pytest.approx(whole)
    assert (descent, hold, ascent) == pytest.approx(times_s, abs=0.3)  # slow ends of a cosine count as still
    assert whole == pytest.approx(sum(times_s), abs=0.15)
    (one,) = segment_repetitions(Motion(np.arange(motion.shape[1]) / FRAME_RATE_HZ, motion[0].numpy()))
    edges = np.array([one.start_frame, one.descent_end_frame, one.ascent_start_frame, one.end_frame])
    assert np.abs(np.diff(edges) / FRAME_RATE_HZ - [descent, hold, ascent]).max() < 2.5 / FRAME_RATE_HZ


@pytest.mark.parametrize("stance_deg", [0, 15])
def test_the_gradient_of_a_duration_is_its_change_where_the_motion_is_stretched(stance_deg):
    """A motion that goes on in slow motion, by a factor, makes descent and ascent longer by that factor."""
    motion = timed_squat(1.5, 0.4, 1.0)
    for side in "lr":
        motion[..., AT[f"knee_angle_{side}"]] += stance_deg
    speed = torch.zeros_like(motion)
    speed[:, 1:-1] = (motion[:, 2:] - motion[:, :-2]) / 2  # a frame
    frame = torch.arange(motion.shape[1], dtype=torch.float64)
    for name in ("descent_time", "ascent_time"):
        varied = motion.clone().requires_grad_()
        duration = value_of(name, guided_context(varied)).sum()
        (gradient,) = torch.autograd.grad(duration, varied)
        # At frame t, a motion stretched by 1 + e is where it was at t - e t.
        change = (gradient * (-frame[None, :, None] * speed)).sum()
        assert change.item() == pytest.approx(duration.item(), rel=0.05)


@pytest.mark.parametrize("part", ["descent", "ascent"])
def test_a_descent_that_ends_a_frame_earlier_or_a_later_ascent_lengthens_the_hold_by_a_frame(part):
    motion = timed_squat(1.0, 0.5, 1.0)
    later = motion.clone()
    if part == "ascent":
        later[:, 135:-1] = motion[:, 134:-2]
    else:
        later[:, 1:134] = motion[:, 2:135]
    varied = motion.clone().requires_grad_()
    hold = value_of("hold_time", guided_context(varied)).sum()
    (gradient,) = torch.autograd.grad(hold, varied)
    assert (gradient * (later - motion)).sum().item() == pytest.approx(1 / FRAME_RATE_HZ, rel=0.05)
    longer = value_of("hold_time", guided_context(later)).item()
    assert longer - hold.item() == pytest.approx(1 / FRAME_RATE_HZ, rel=1e-5)


def test_statistics_over_a_part_see_that_part_alone():
    motion = timed_squat(1.0, 0.0, 1.0)
    rising = torch.linspace(0, 1, motion.shape[1], dtype=torch.float64)
    motion[0, :, AT["lumbar_extension"]] = 50 * rising
    context = Context(motion)
    trace = evaluate_quantity("coordinate", context, "lumbar extension")
    found = {
        name: summarise(trace, name, context).item()
        for name in (
            "max_over_descent",
            "at_bottom",
            "min_over_ascent",
            "at_0_percent",
            "at_100_percent",
            "max",
            "max_over_ascent",
        )
    }
    assert found["max_over_descent"] == pytest.approx(found["at_bottom"], abs=2)
    assert found["min_over_ascent"] == pytest.approx(found["at_bottom"], abs=2)
    assert 0 < found["at_0_percent"] < found["at_bottom"] < found["at_100_percent"] == found["max_over_ascent"]
    assert found["max_over_ascent"] < found["max"] == pytest.approx(50)


def test_standing_counts_where_a_statistic_is_of_the_motion():
    motion = timed_squat(1.0, 0.0, 1.0)
    frames, asked = motion.shape[1], []
    standing = ~guided_context(motion).mask[0]
    assert standing[20:].any()  # the ends of a motion do not count for forces
    share = torch.full((1, frames, 2), 0.4)
    share[0, standing] = 0.7

    def surrogate(motion, mask):
        asked.append(mask)
        return MusclePrediction(torch.zeros(1, frames, 80), share)

    context = guided_context(motion, surrogate=surrogate)
    load, angle = (parse_term(f"{name}:above:0") for name in ("load_share_r:max", "knee_flexion_r:min"))
    assert load.value(context).item() == pytest.approx(0.4)
    assert replace(load, statistic="max_over_motion").value(context).item() == pytest.approx(0.7)
    assert len(asked) == 1  # both look at one prediction
    motion[0, -1, AT["knee_angle_r"]] = -3.0
    assert replace(angle, statistic="min_over_motion").value(guided_context(motion)).item() == -3
    assert angle.value(guided_context(motion)).item() == 0


def test_the_frame_of_a_statistic_is_the_one_whose_value_it_is():
    motion = timed_squat(1.0, 0.0, 1.0)
    motion[0, :, AT["lumbar_extension"]] = torch.linspace(-1, 1, motion.shape[1], dtype=torch.float64).abs() * 40 - 10
    motion[0, 30, AT["lumbar_extension"]], motion[0, 100, AT["lumbar_extension"]] = 50.0, -20.0
    context = Context(motion)
    trace = evaluate_quantity("coordinate", context, "lumbar extension")
    for name in ("max", "min", "max_over_descent", "min_over_ascent", "at_bottom", "at_25_percent", "max_over_ascent"):
        (frame,) = frames_of(trace, name, context)[0].tolist()
        assert trace.values[0, frame, 0] == summarise(trace, name, context)[0, 0], name
    assert [frames_of(trace, name, context).item() for name in ("max", "min")] == [30, 100]
    assert summarise(trace, "range").item() == 70
    assert summarise(trace, "at_bottom", context, "vasmed") == summarise(trace, "at_bottom", context)
    assert frames_of(trace, "mean", context) is None
    assert frames_of(trace, "rms_over_descent", context) is None
    nowhere = Trace(trace.values, torch.zeros_like(trace.valid))  # of frames that do not count, all of the part do
    assert summarise(nowhere, "max_over_ascent", context) == summarise(trace, "max_over_ascent", context)


def test_thighs_are_parallel_where_hip_and_knee_are_level():
    """The stand-in's thigh is inclined by half of the knee's flexion from the vertical."""
    motion = squat(depth_deg=150)
    angle = evaluate_quantity("thigh_below_parallel", Context(motion, skeleton=SimpleSkeleton())).values
    expected = motion[..., [AT["knee_angle_l"], AT["knee_angle_r"]]] / 2 - 90
    torch.testing.assert_close(angle, expected, atol=0.01, rtol=0)


def test_stance_width_and_toe_out_do_not_depend_on_where_the_person_faces():
    skeleton = load_skeleton(rajagopal2015(), torch.float64)
    motion = torch.zeros(3, 4, 33, dtype=torch.float64)
    motion[1:, :, AT["hip_rotation_l"]], motion[1:, :, AT["hip_rotation_r"]] = -20, -5
    motion[2, :, AT["pelvis_rotation"]] = 70
    context = Context(motion, skeleton=skeleton)
    straight, turned, elsewhere = value_of("toe_out", context)
    torch.testing.assert_close(turned - straight, torch.tensor([20.0, 5.0], dtype=torch.float64), atol=0.2, rtol=0)
    torch.testing.assert_close(elsewhere, turned, atol=1e-6, rtol=0)
    width = value_of("stance_width", context)[:, 0]
    assert 0.1 < width[0] < 0.3
    torch.testing.assert_close(width[2], width[1])


def test_the_ground_pushes_by_body_weight_and_the_acceleration_of_the_centre_of_mass():
    time_s = torch.arange(40, dtype=torch.float64) / FRAME_RATE_HZ
    motion = torch.zeros(1, 40, 33, dtype=torch.float64)
    motion[0, :, AT["pelvis_ty"]] = 0.9 + 0.5 * 2.0 * time_s**2
    found = evaluate_quantity(
        "ground_reaction", Context(motion, skeleton=load_skeleton(rajagopal2015(), torch.float64))
    )
    torch.testing.assert_close(found.filled(1 + 2.0 / 9.80665), torch.full((1, 40, 1), 1 + 2.0 / 9.80665).double())


def test_the_ground_reaction_follows_the_centre_of_mass_as_opensim_finds_it():
    """A turning trunk, pelvis and arm move the centre of mass although the pelvis stays at its height."""
    time_s = torch.arange(12, dtype=torch.float64) / FRAME_RATE_HZ
    motion = torch.zeros(1, 12, 33, dtype=torch.float64)
    for name, degrees in (("pelvis_tilt", -40), ("pelvis_list", 15), ("lumbar_extension", -30), ("arm_flex_r", 90)):
        motion[0, :, AT[name]] = degrees * torch.sin(6.0 * time_s)
    poses, heights = OpenSimPoses(rajagopal2015()), []
    for frame in motion[0].numpy():
        poses.set(frame)
        heights.append(poses.model.calcMassCenterPosition(poses.state).get(1))
    accelerations = np.diff(heights, 2) * FRAME_RATE_HZ**2
    assert np.abs(accelerations).max() > 1
    context = Context(motion, skeleton=load_skeleton(rajagopal2015(), torch.float64))
    found = evaluate_quantity("ground_reaction", context).values[0, 1:-1, 0]
    np.testing.assert_allclose(found, 1 + accelerations / 9.80665, atol=1e-6)


def test_the_ground_does_not_pull():
    motion = torch.zeros(1, 5, 33, dtype=torch.float64)
    motion[0, :, AT["pelvis_ty"]] = -0.5 * 20.0 * (torch.arange(5) / FRAME_RATE_HZ) ** 2
    context = Context(motion, skeleton=load_skeleton(rajagopal2015(), torch.float64))
    assert evaluate_quantity("ground_reaction", context).values.eq(0)[0, 1:-1].all()


def test_a_centre_of_pressure_under_the_heel_is_0_and_under_the_toes_1():
    skeleton = load_skeleton(rajagopal2015(), torch.float64)
    motion = torch.zeros(1, 3, 33, dtype=torch.float64)
    points = skeleton.contact_points(motion).unflatten(2, (2, 6)).flip(2)  # the left foot first
    radii = skeleton.contact_radii.unflatten(0, (2, 6)).flip(0)
    back, front = (points[..., 0] - radii).amin(-1), (points[..., 0] + radii).amax(-1)  # the feet point along x
    centres = torch.zeros(1, 3, 2, 3, dtype=torch.float64)
    centres[..., 0] = torch.stack([back[0, 0], front[0, 0], (0.75 * back + 0.25 * front)[0, 0]])
    shares = torch.full((1, 3, 2), 0.5)
    prediction = MusclePrediction(torch.zeros(1, 3, 80), shares, torch.zeros(1, 3, 2, 7), centres)
    found = evaluate_quantity("centre_of_pressure", Context(motion, skeleton=skeleton, prediction=prediction)).values
    torch.testing.assert_close(found[0], torch.tensor([[0.0, 0.0], [1, 1], [0.25, 0.25]]).double(), atol=0.03, rtol=0)


def test_extension_moments_are_positive_in_a_squat_and_the_kneecap_is_pressed_by_them():
    """Static stance on the generic model: the signs of anatomy, and compression of a few body weights."""
    simulator = build_simulator(rajagopal2015())
    motion = torch.zeros(1, 30, 33, dtype=torch.float64)
    motion[..., AT["pelvis_ty"]], motion[..., AT["pelvis_tilt"]] = 0.75, -25
    for side in "lr":
        motion[..., AT[f"hip_flexion_{side}"]], motion[..., AT[f"knee_angle_{side}"]] = 80, 90
        motion[..., AT[f"ankle_angle_{side}"]] = 25
    simulation = simulator(motion, FRAME_RATE_HZ)
    found = simulated_prediction(simulation, simulator.coordinate_names, simulator.weight_n)
    torch.testing.assert_close(found.load_share.sum(-1), torch.ones(1, 30, dtype=torch.float64))
    context = Context(motion, prediction=found, ends_s=0.2)
    assert context.activations is found.activations
    for name in ("hip_extension_moment", "knee_extension_moment"):
        assert value_of(name, context, "min").min() > 0.2
    assert 1 < value_of("patellofemoral_compression", context, "mean").min() < 8
    assert value_of("ankle_plantarflexion_moment", context, "min").min() > 0.05
    torch.testing.assert_close(
        value_of("load_share_l", context, "mean") + value_of("load_share_r", context, "mean"),
        torch.ones(1, 1, dtype=torch.float64),
    )


def test_who_stands_on_one_leg_needs_its_abductors_and_calf():
    """The body's weight, medial of the hip and ahead of the ankle, adducts the one and dorsiflexes the other."""
    simulator = build_simulator(rajagopal2015())
    motion = torch.zeros(1, 60, 33, dtype=torch.float64)
    motion[..., AT["pelvis_ty"]] = 0.93
    motion[..., AT["hip_flexion_l"]], motion[..., AT["knee_angle_l"]] = 45, 90
    found = simulated_prediction(simulator(motion, FRAME_RATE_HZ), simulator.coordinate_names, simulator.weight_n)
    context = Context(motion, prediction=found, ends_s=0.2)
    assert value_of("load_share_r", context, "min") > 0.95
    assert found.centres_of_pressure[0, 20:-20, 1, 2].min() > 0.02  # under the right foot, metres from the pelvis
    assert value_of("hip_abduction_moment_r", context, "min") > 0.3
    assert value_of("ankle_plantarflexion_moment_r", context, "min") > 0.05


def test_the_load_on_the_right_foot_that_is_shown_is_the_one_that_can_be_asked_for():
    """A squat that leans to the left for a second, and then stands evenly for two."""
    motion = timed_squat(0.5, 0.1, 0.5, depth_deg=40)
    motion = torch.cat([motion, motion[:, -1:].expand(-1, 60, -1)], 1)
    motion[:, 60:125, AT["lumbar_bending"]] = -20
    simulator = build_simulator(rajagopal2015())
    (found,) = simulate_motions(simulator, motion)
    context = guided_context(motion, prediction=prediction_of([found]))
    asked = value_of("load_share_r", context, "mean").item()
    assert found.right_foot_share == pytest.approx(asked, abs=1e-12)
    assert abs(asked - found.load_share[:, 1].mean().item()) > 0.02  # standing does not count


def test_the_centre_of_pressure_is_0_at_the_heel_and_1_at_the_toes_whichever_way_a_foot_points():
    skeleton = load_skeleton(rajagopal2015(), torch.float64)
    motion = torch.zeros(1, 3, 33, dtype=torch.float64)
    motion[..., AT["hip_rotation_l"]], motion[..., AT["pelvis_rotation"]] = -30, torch.tensor([0.0, 50.0, -120.0])
    points = skeleton.contact_points(motion).unflatten(2, (2, 6)).flip(2)  # left foot first
    radii = skeleton.contact_radii.unflatten(0, (2, 6)).flip(0)
    rotation, _ = skeleton.bodies(motion)
    ahead = rotation[..., [skeleton.body_names.index(f"calcn_{side}") for side in "lr"], :, 0]
    ahead[..., 1] = 0
    ahead = ahead / ahead.norm(dim=-1, keepdim=True)
    along = (points * ahead.unsqueeze(-2)).sum(-1)
    places = {0.0: (along - radii).amin(-1), 1.0: (along + radii).amax(-1)}
    places[0.5] = (places[0.0] + places[1.0]) / 2
    for share, place in places.items():
        prediction = MusclePrediction(torch.zeros(1, 3, 80), None, None, ahead * place.unsqueeze(-1))
        found = evaluate_quantity("CoP", Context(motion, prediction=prediction, skeleton=skeleton)).values
        torch.testing.assert_close(found, torch.full((1, 3, 2), share, dtype=torch.float64))


def test_patellofemoral_compression_is_proportional_to_the_moment_and_grows_with_flexion():
    """Published example values: at 60 degrees 0.946 of the quadriceps force, whose lever arm is 33 mm."""
    motion = torch.zeros(1, 3, 33, dtype=torch.float64)
    motion[0, :, AT["knee_angle_l"]] = torch.tensor([0.0, 60.0, 140.0])
    moments = torch.zeros(1, 3, 2, 7, dtype=torch.float64)
    moments[..., 3] = -9.80665  # one metre over body weight
    compression = evaluate_quantity(
        "patellofemoral_compression", Context(motion, prediction=MusclePrediction(torch.zeros(1, 3, 80), None, moments))
    ).values[0, :, 0]
    assert compression[0].item() == pytest.approx(0.462 / 0.046)
    assert compression[1].item() == pytest.approx(0.946 / 0.0333, rel=0.01)
    assert compression[1] < compression[2] < 50


def test_change_from_own_is_of_form_and_not_of_tempo():
    own = Context(torch.cat([timed_squat(1.0, 0.2, 1.0), timed_squat(1.0, 0.2, 1.0, depth_deg=60)]))
    slower, held = timed_squat(2.0, 0.4, 2.0), timed_squat(1.0, 1.5, 1.0)
    assert value_of("change_from_own", Context(held, own=own)).item() < 1
    assert value_of("change_from_own", Context(slower, own=own)).item() < 1  # phases end at whole frames
    bent = slower.clone()
    bent[..., AT["lumbar_bending"]] += 10
    changed = value_of("change_from_own", Context(bent, own=own)).item()
    assert changed == pytest.approx(10 / math.sqrt(16), rel=0.05)  # one of 16 angles


def test_arms_change_from_those_of_the_own_squat_that_is_nearest_in_form():
    own = torch.cat([timed_squat(1.0, 0.2, 1.0), timed_squat(1.0, 0.2, 1.0, depth_deg=60)])
    own[0, :, AT["arm_flex_l"]] = 90.0
    lowered = own[:1].clone()
    lowered[..., AT["arm_flex_l"]] = 60.0
    lowered[..., AT["arm_rot_l"]] = 45.0  # hardly recorded, so it does not count
    changed = value_of("arm_change_from_own", Context(lowered, own=Context(own))).item()
    assert changed == pytest.approx(30 / math.sqrt(6))  # one of six angles
    assert value_of("change_from_own", Context(lowered, own=Context(own))).item() == pytest.approx(0, abs=1e-5)


def test_both_sides_of_a_quantity_are_those_of_its_sided_names():
    context = Context(squat(2, 40), surrogate=SimpleSurrogate(), skeleton=SimpleSkeleton())
    for name in ("knee_flexion", "load_share", "foot_slip"):
        both = evaluate_quantity(name, context).values
        for channel, words in enumerate((f"left {name}", f"{name}_r")):
            torch.testing.assert_close(evaluate_quantity(words, context).values[..., 0], both[..., channel])


def test_own_squats_are_brought_to_the_asked_tempo():
    motion = torch.cat([timed_squat(0.8, 0.2, 0.9), torch.zeros(1, 240, 33)], 1)
    motion[:, -240:] = motion[:, :1]
    sliding = motion + 0.1 * torch.sin(torch.arange(motion.shape[1]) / 50)[:, None]
    own = OwnMotions(("one",), sliding, motion, (114,), 1)
    terms = [parse_term("descent_time:within:2.7:3.3"), parse_term("hold_time:above:0.8")]
    slow = at_asked_tempo(own, guided_context(motion), terms)
    context = guided_context(slow.recorded)
    assert value_of("descent_time", context).item() == pytest.approx(3.0, abs=0.2)  # slow ends count less
    assert value_of("hold_time", context).item() == pytest.approx(0.83, abs=0.1)
    before, after = (value_of("ascent_time", guided_context(one)).item() for one in (motion, slow.recorded))
    assert after == pytest.approx(before, abs=0.1)
    assert slow.recorded.amax(1) == pytest.approx(motion.amax(1), abs=1e-9)  # of the planted motion
    assert slow.placed is slow.recorded
    assert asked_duration_s(terms) == pytest.approx(2.7 + 0.8 + 1.0)
    phases = guided_context(motion).phases
    rest_frames = int(phases.end - phases.descent_end)  # hold and ascent stay
    (end,) = at_asked_tempo(own, guided_context(motion), [parse_term("descent_time:above:3")]).repetition
    assert end == pytest.approx(int(phases.start) + 1.04 * 180 + rest_frames, abs=1)  # a little beyond the bound
    two_lines = [parse_term("descent_time:above:3"), parse_term("descent_time:below:4")]
    assert at_asked_tempo(own, guided_context(motion), two_lines).repetition == (end,)
    lines = [parse_term(f"repetition_time:above:{seconds}") for seconds in (3, 4)]
    (longer,) = at_asked_tempo(own, guided_context(motion), lines).repetition
    assert longer == pytest.approx(int(phases.start) + 1.04 * 240, abs=1)
    assert asked_duration_s([*terms, parse_term("descent_time:above:1")]) == asked_duration_s(terms)
    faster = at_asked_tempo(own, guided_context(motion), [parse_term("repetition_time:below:1.5")])
    assert value_of("repetition_time", guided_context(faster.recorded)).item() == pytest.approx(1.44, abs=0.1)
    assert at_asked_tempo(own, guided_context(motion), [parse_term("knee_flexion:max:below:80")]) is own


def test_a_wish_about_tempo_counts_as_far_as_the_squat_fits():
    motion = torch.cat([timed_squat(0.8, 0.2, 0.9), torch.zeros(1, 120, 33)], 1)
    motion[:, -120:] = motion[:, :1]
    own = OwnMotions(("one",), motion, motion, (114,), 1)
    terms = [parse_term("descent_time:above:9:wish"), parse_term("ascent_time:above:1.1")]
    started = at_asked_tempo(own, guided_context(motion), terms)
    context = guided_context(started.recorded)
    assert value_of("descent_time", context).item() > 1.2
    assert value_of("ascent_time", context).item() == pytest.approx(1.14, abs=0.2)  # what is required comes first
    torch.testing.assert_close(started.recorded[:, -20:], motion[:, -20:])  # the person stands at the end


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        (["descent_time:within:2.5:3.1:wish"], 2.8),
        (["descent_time:above:2", "descent_time:within:2.5:3.1:wish"], 2.8),
        (["descent_time:within:2.5:3.1:wish", "descent_time:within:1.2:1.6"], 1.4),  # what is required decides
        (["descent_time:small"], 0.8),
    ],
)
def test_a_wish_about_tempo_is_what_guidance_starts_from(lines, seconds):
    motion = torch.cat([timed_squat(0.8, 0.2, 0.9), torch.zeros(1, 240, 33)], 1)
    motion[:, -240:] = motion[:, :1]
    own, terms = OwnMotions(("one",), motion, motion, (114,), 1), [parse_term(line) for line in lines]
    started = at_asked_tempo(own, guided_context(motion), terms)
    assert value_of("descent_time", guided_context(started.recorded)).item() == pytest.approx(seconds, abs=0.2)
    assert asked_duration_s(terms) >= (seconds + 0.2 if seconds > 1 else 0)


def test_a_tempo_for_which_motions_are_too_short_is_refused():
    parts = ["descent_time:above:4", "hold_time:above:2", "ascent_time:within:4:5"]
    with pytest.raises(
        InputError, match="descent_time_mean above 4 and .*: a squat of 10 s does not fit into .* 10.0 s"
    ):
        require_room([parse_term(line) for line in parts], 10.0)
    whole = [parse_term(f"repetition_time:above:{seconds}") for seconds in (3, 4)]
    with pytest.raises(InputError, match="repetition_time_mean above 4: .* into motions of 3.3 s; --seq-len"):
        require_room(whole, 3.27)
    require_room(whole, 5.0)
    require_room([parse_term(f"{line}:wish") for line in parts], 10.0)
    require_room([parse_term(line) for line in ("descent_time:above:4", "ascent_time:below:9")], 10.0)


def test_the_asked_duration_counts_what_is_asked_in_terms_of_own_squats_and_what_stays_of_them():
    own_s = torch.tensor([[0.7, 0.0, 0.7], [0.9, 0.2, 3.0]])
    terms = [parse_term("descent_time:above:400%own")]
    assert asked_duration_s(terms) == 0
    bounded = with_own_tempo(terms, own_s)
    assert bounded[0].low == pytest.approx(4 * 0.8)
    assert asked_duration_s(bounded) == pytest.approx(3.2 + 0.2 + 1.0)
    assert asked_duration_s(bounded, own_s) == pytest.approx(1.04 * 3.2 + 0.2 + 3.0)  # of the slow ascent
    assert asked_duration_s([parse_term("knee_flexion:max:below:80%own")], own_s) == 0


def test_load_that_sways_is_told_from_load_that_is_steady_or_shifted():
    """Sway is what is neither a steady load nor the own curve, carried by one foot more throughout."""
    motion = timed_squat(1.0, 0.2, 1.0)
    time = torch.linspace(0, 1, motion.shape[1], dtype=motion.dtype)
    wave = 0.1 * torch.sin(2 * math.pi * 2 * time)

    def loaded(left):
        share = torch.stack([left, 1 - left], -1)[None]
        activations = torch.zeros(1, len(left), 80, dtype=motion.dtype)
        return {"prediction": MusclePrediction(activations, share, None)}

    own = Context(motion, **loaded(0.5 + wave))
    sways = {
        name: value_of("load_sway", Context(motion, own=own, **loaded(left))).item()
        for name, left in (
            ("as own", 0.5 + wave),
            ("shifted", 0.65 + wave),
            ("steady", 0.65 + 0 * wave),
            ("against own", 0.65 - wave),
            ("more", 0.65 + 2 * wave),
        )
    }
    assert max(sways[name] for name in ("as own", "shifted", "steady")) < 1e-4
    assert sways["against own"] == pytest.approx(0.1 / math.sqrt(2), rel=0.1)
    assert sways["more"] == pytest.approx(0.1 / math.sqrt(2), rel=0.1)


def rhythm_change(motion, *own):
    """`rhythm_change_from_own` of a motion beside own squats of the same length."""
    frames = max(one.shape[1] for one in own)
    squats = torch.cat([torch.cat([one, one[:, -1:].expand(-1, frames - one.shape[1], -1)], 1) for one in own])
    return value_of("rhythm_change_from_own", Context(motion, own=Context(squats)), "mean")


def test_a_slower_pace_is_no_change_of_rhythm_and_a_longer_hold_is():
    own = timed_squat(1.0, 0.4, 0.8)
    assert rhythm_change(own, own).item() < 1e-5
    assert rhythm_change(timed_squat(2.0, 0.8, 1.6), own).item() < 0.02
    held = timed_squat(0.8, 0.8, 0.6)  # as long as the own squat
    shares = [torch.stack([value_of(name, Context(motion))[0, 0] for name in TEMPO[:3]]) for motion in (own, held)]
    shares = [one / one.sum() for one in shares]
    expected = (shares[1] - shares[0]).square().mean().sqrt().item()
    assert expected > 0.08
    assert rhythm_change(held, own).item() == pytest.approx(expected, abs=1e-3)


def test_the_rhythm_is_that_of_the_own_squat_nearest_in_form():
    shallow, deep = timed_squat(1.0, 0.0, 1.0, depth_deg=50), timed_squat(1.0, 1.0, 1.0, depth_deg=100)
    assert rhythm_change(timed_squat(1.0, 1.0, 1.0, depth_deg=95), shallow, deep).item() < 0.03
    assert rhythm_change(timed_squat(1.0, 1.0, 1.0, depth_deg=55), shallow, deep).item() > 0.1


def test_a_wish_to_keep_the_rhythm_shortens_a_hold_that_the_own_squat_has_not():
    """The gradient at the greatest depth says that deeper there, and shallower before and after, is closer to it."""
    own = timed_squat(1.0, 0.1, 1.0)
    held = timed_squat(0.8, 0.5, 0.8).requires_grad_()
    (gradient,) = torch.autograd.grad(rhythm_change(held, own).sum(), held)
    knees = gradient[0, :, [AT["knee_angle_l"], AT["knee_angle_r"]]].sum(1)
    flexion = held[0, :, AT["knee_angle_l"]].detach()
    nearly_deep = (flexion > 60) & (flexion < 86)
    assert knees[nearly_deep].sum() > 0  # more flexion next to the bottom makes the rest at it longer


def test_a_motion_between_its_frames_is_interpolated_and_beyond_them_held():
    motion = torch.tensor([[0.0], [1.0], [4.0], [9.0]])
    assert at_frames(motion, torch.tensor([-1.0, 0.5, 2.25, 3.0, 7.0])).flatten().tolist() == [0, 0.5, 5.25, 9, 9]
