"""The person's own squats: starts made of them, least change, distinct answers, and what changes in words."""

import json
import math
import re
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from bodies import SimpleSkeleton, squat
from opensim_poses import rajagopal2015

from dataset.errors import InputError
from dataset.io.mot import read_motion, write_motion
from dataset.left_out import LeftOut
from dataset.locations import SHIPPED_DEMO
from dataset.opensim.model_reader import load_skeleton
from dataset.sessions import Session
from models.conventions import COORDINATE_INDEX as AT
from models.conventions import MUSCLE_INDEX, ROTATION_INDICES, TRANSLATION_INDICES
from models.surrogate.prediction import MusclePrediction
from utils.biomechanics.own_comparison import FORM
from utils.biomechanics.squat_phases import find_phases
from utils.guidance.baseline import AskedOfOwn, Baseline, asked_of_own, baseline_of, baseline_sentence
from utils.guidance.change_description import (
    SquatChange,
    describe_changes,
    differences,
    nearest_own,
    repeated_answers,
    same_answers,
    sizes_of_change,
)
from utils.guidance.guidance_config import GuidanceConfig
from utils.guidance.guided_context import guided_context
from utils.guidance.latents.latent_sampling import AlternatingSampler, LatentSampler, SequenceSampler
from utils.guidance.latents.latent_updates import PCAUpdate
from utils.guidance.objective.constraint_grammar import parse_term
from utils.guidance.objective.own_bounds import with_own_bounds, with_own_form
from utils.guidance.objective.whole_motion import in_balance, posture_as_own, whole_motion_terms
from utils.guidance.output.printed_tables import baseline_table, change_lines, result_tables
from utils.guidance.output.result_files import load_guidance
from utils.guidance.output.run_writer import RunWriter
from utils.guidance.pipeline import run_baseline, run_guidance
from utils.guidance.preparation import prepare
from utils.guidance.run_fingerprint import run_fingerprint
from utils.guidance.subject.frozen_models import load_models
from utils.guidance.subject.own_motions import OwnMotions, own_motions
from utils.guidance.subject.own_squats import load_own_squats
from utils.guidance.subject.own_starts import change_of_pace, make_own_starts
from utils.guidance.subject.postprocessing import begin_still, low_pass, within_ranges
from utils.guidance.subject.squat_directions import squat_features
from utils.guidance.subject.squat_profile import SquatProfile, form_difference, squat_profiles
from utils.report.page import build_page

FRAMES = 240


def own(depth_deg=90.0, frames=120):
    """A squat that takes so many frames, then standing."""
    motion = squat(frames=frames, depth_deg=depth_deg)[0]
    return torch.cat([motion, motion[-1:].expand(FRAMES - frames, -1)])


def forces(motions, right_shares, ahead_m=0.0):
    """Forces with these shares of the load on the right foot, which press so far ahead of where the feet begin."""
    right = torch.tensor(right_shares)[:, None].expand(motions.shape[:2])
    places = guided_context(motions, skeleton=SimpleSkeleton()).contact_points.unflatten(2, (2, 6)).amin(3).flip(2)
    return MusclePrediction(
        torch.zeros(*motions.shape[:2], 80),
        torch.stack([1 - right, right], -1),
        None,
        places + torch.tensor([ahead_m, 0.0, 0.0]),
    )


def profile(motion):
    return squat_profiles(motion[None], SimpleSkeleton())[0]


def test_a_squats_profile_is_its_own_geometry():
    found = profile(own())
    assert found.knee_deg == pytest.approx(90, abs=0.1)
    assert found.hip_deg == pytest.approx(90, abs=0.1)
    assert found.ankle_deg == pytest.approx(27, abs=0.1)
    assert found.lean_deg == pytest.approx(27, abs=0.1)
    assert found.depth_m == pytest.approx(0.9 * (1 - np.cos(np.radians(45))), abs=1e-3)
    assert found.width_m == pytest.approx(0.2, abs=1e-5)
    assert found.toe_out_deg == pytest.approx(0, abs=1e-4)
    assert found.knee_difference_deg == pytest.approx(0, abs=1e-4)
    assert found.descent_s + found.hold_s + found.ascent_s == pytest.approx(2.0, abs=0.4)


def test_the_peaks_of_the_baseline_leave_out_the_ends_where_the_filters_lack_frames():
    motion = own()[None]
    activations = torch.full((1, FRAMES, 80), 0.2)
    activations[:, 100, MUSCLE_INDEX["vasmed_l"]] = 0.6
    activations[:, [0, 11, -12, -1]] = 0.9
    motions = OwnMotions(("one",), motion, motion, (120,), 1)
    found = baseline_of(motions, SimpleSkeleton(), "vasmed", activations, None)
    assert found.peaks[0].tolist() == pytest.approx([0.6, 0.2])
    assert not found.simulated


@pytest.mark.parametrize(
    ("name", "amount", "more", "less"),
    [
        ("knee_deg", 5, "5° more knee flexion at the bottom (85 for 80°)", "5° less knee flexion at the bottom"),
        ("hip_deg", 5, "5° more hip flexion at the bottom (85 for 80°)", "5° less hip flexion at the bottom"),
        ("ankle_deg", 5, "shins 5° further forward (85 for 80°)", "shins 5° less far forward"),
        ("lean_deg", 5, "trunk 5° further forward (85 for 80°)", "trunk 5° more upright"),
        ("depth_m", 0.03, "hips 3 cm deeper (8003 for 8000 cm)", "hips 3 cm less deep"),
        ("descent_s", 0.5, "descent 0.5 s slower (80.5 for 80.0 s)", "descent 0.5 s quicker"),
        ("hold_s", 0.5, "hold 0.5 s longer (80.5 for 80.0 s)", "hold 0.5 s shorter"),
        ("ascent_s", 0.5, "ascent 0.5 s slower (80.5 for 80.0 s)", "ascent 0.5 s quicker"),
        ("width_m", 0.03, "feet 3 cm further apart (8003 for 8000 cm)", "feet 3 cm closer together"),
        ("heel_m", 0.03, "heels 3.0 cm further off the floor (8003.0", "heels 3.0 cm nearer to the floor"),
        ("standing_deg", 8, "knees 8° more bent while standing (88 for 80°)", "knees 8° straighter while standing"),
        ("toe_out_deg", 5, "toes 5° further out (85 for 80°)", "toes 5° further in"),
        ("knee_difference_deg", 5, "left knee 5° more flexed against the right (85", "right knee 5° more flexed"),
        ("arm_deg", 20, "arms raised 20° further at the bottom (100 for 80°)", "arms raised 20° less at the bottom"),
        ("elbow_deg", 20, "elbows 20° more bent at the bottom (100 for 80°)", "elbows 20° straighter at the bottom"),
        ("shift_m", 0.03, "hips 3 cm further to the right at the bottom (8003", "hips 3 cm further to the left at the"),
        (
            "side_lean_deg",
            5,
            "trunk leans 5° further to the right (85",
            "trunk leans 5° further to the left (75° right",
        ),
        ("turn_deg", 5, "pelvis turned 5° further to the left (85° left", "pelvis turned 5° further to the right (75"),
        ("knees_in_m", 0.03, "knees 3 cm further inwards (8003 cm in for", "knees 3 cm further outwards (7997 cm in"),
        (
            "pressure",
            0.1,
            "weight 10 % of the feet's length further forward at the bottom (8010 for 8000 %)",
            "weight 10 % of the feet's length further back at the bottom",
        ),
        ("right_share", 0.05, "5 % more of the load on the right foot (8005", "5 % more of the load on the left foot"),
        (
            "bottom_right_share",
            0.05,
            "5 % more of the load at the bottom on the right foot (8005",
            "5 % more of the load at the bottom on the left foot",
        ),
    ],
)
def test_more_and_less_of_each_feature_have_their_words(name, amount, more, less):
    before = SquatProfile(**dict.fromkeys(SquatProfile.__dataclass_fields__, 80.0))
    (raised,) = differences(before, replace(before, **{name: 80 + amount}))
    (lowered,) = differences(before, replace(before, **{name: 80 - amount}))
    assert raised.startswith(more)
    assert lowered.startswith(less)


def test_raised_arms_are_said_and_make_no_answer_of_their_own():
    motion = own()[None].repeat(2, 1, 1)
    for side in "lr":
        motion[1, :, AT[f"arm_flex_{side}"]] += 40.0
    profiles = [profile(one) for one in motion]
    assert differences(*profiles) == ["arms raised 40° further at the bottom (40 for 0°)"]
    assert same_answers(motion, profiles) == [None, 0]


def test_what_is_seen_from_the_front_is_said_and_makes_no_answer_of_its_own():
    """A squat that loads one foot by hips that go sideways, or knees that fall inwards, has to be said to do so."""
    session = Session(SHIPPED_DEMO / "Data" / "demo-person-040")
    skeleton = load_skeleton(session.model_path)
    motion = own()[None].repeat(6, 1, 1)
    for side, sign in (("l", -1), ("r", 1)):
        motion[1, :, AT[f"hip_adduction_{side}"]] += sign * 5.0  # both feet go to the left, the hips to the right
        motion[2, :, AT[f"hip_rotation_{side}"]] += 10.0
    motion[3, :, AT["lumbar_bending"]] -= 8.0
    motion[4, :, AT["pelvis_rotation"]] -= 0.1 * motion[4, :, AT["knee_angle_r"]]
    motion[5, :, AT["hip_flexion_r"]] += 10.0  # the right foot is ahead of the left one, and the body stays
    before, shifted, inwards, leaning, turned, staggered = squat_profiles(motion, skeleton)
    assert [before.shift_m, before.side_lean_deg, before.turn_deg] == pytest.approx([0.0] * 3, abs=1e-3)
    assert shifted.shift_m > 0.02
    assert any(text.startswith("hips") and "to the right" in text for text in differences(before, shifted))
    assert any("further inwards" in text for text in differences(before, inwards))
    assert "trunk leans 8° further to the left (8° left for 0°)" in differences(before, leaning)
    assert any("pelvis turned" in text and "to the right" in text for text in differences(before, turned))
    assert (staggered.shift_m, staggered.side_lean_deg, staggered.turn_deg) == pytest.approx((0.0, 0.0, 0.0), abs=1e-3)
    assert same_answers(motion[[0, 0]], [before, replace(before, shift_m=0.1)]) == [None, 0]


def test_own_squats_that_meet_what_is_asked_already_are_counted():
    """Also those that are not whole, which the person does as well."""
    motion = torch.stack([own(70.0), own(95.0), own(100.0)])
    motion[2, :, AT["pelvis_tx"]] += torch.linspace(0, 0.1, FRAMES)
    squats = guided_context(motion, skeleton=SimpleSkeleton())
    deep, wish = parse_term("knee_flexion:max:above:90"), parse_term("knee_flexion:max:below:60:wish")
    (found,) = asked_of_own([deep, wish, *whole_motion_terms()], squats)
    assert sum(found.met) == 2
    assert asked_of_own([wish], squats) == ()
    assert asked_of_own([deep, parse_term("change_from_own:below:5")], squats) == ()


def test_what_refers_to_own_values_can_be_asked_of_a_later_session():
    """The own squats of the later session are others, of which 80 % is hardly ever what was meant."""
    motion = torch.stack([own(70.0), own(90.0)])
    squats = guided_context(motion, skeleton=SimpleSkeleton())
    lines = ["knee flexion:max:above:own+5:tolerance=1", "asymmetry:rms:within:90%own:own+1", "descent time:above:1"]
    terms = with_own_bounds([parse_term(line) for line in lines], squats)
    asked = asked_of_own(terms, squats)
    assert [one.in_numbers for one in asked][-1] == ""
    for term, one in zip(terms[:-1], asked, strict=False):
        again = parse_term(one.in_numbers)
        for bound, meant in ((again.low, term.low), (again.high, term.high)):
            assert bound == (meant and pytest.approx(meant, rel=1e-3))
        assert replace(again, low=term.low, high=term.high, own=term.own) == term
    profiles = (SquatProfile(**dict.fromkeys(SquatProfile.__dataclass_fields__, 80.0)),) * 2
    told = Baseline(("a", "b"), motion, profiles, "vasmed", torch.ones(2, 2), True, asked=asked)
    assert "own values are those of these squats" in baseline_table(told)
    assert f"--constraint {asked[1].in_numbers} --constraint asymmetry:rms:within:" in baseline_table(told)
    assert "own values" not in baseline_table(replace(told, asked=asked[-1:]))


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("change_from_own:rms:above:5", ["own_arms", "own_rhythm"]),
        ("arm_change_from_own:rms:above:5", ["own_form", "own_rhythm"]),
        ("rhythm_change_from_own:above:0.1", ["own_form", "own_arms"]),
        ("hold_time:above:1", ["own_form", "own_arms"]),
        ("descent_time:above:2:wish", ["own_form", "own_arms"]),
        ("repetition_time:above:4", ["own_form", "own_arms", "own_rhythm"]),
    ],
)
def test_form_arms_and_rhythm_of_the_own_squats_are_wished_for_unless_they_are_asked_for(line, left):
    asked = [parse_term("knee_flexion:max:above:70"), parse_term(line)]
    assert with_own_form(asked, 0.0, 2.0) == asked
    found = with_own_form(asked, 0.001, 2.0, knows_forces=True)
    assert found[:2] == asked
    assert found.pop().name == "own_balance"
    assert [wish.name for wish in found[2:]] == left
    assert not any(wish.required for wish in found[2:])


@pytest.mark.parametrize(
    "line",
    ["load share l:mean:within:0.6:0.7", "net centre of pressure:max:below:0.6", "centre_of_pressure_r:mean:above:0.4"],
)
def test_the_weight_rests_as_in_the_own_squats_unless_something_is_asked_of_the_load(line):
    assert "own_balance" not in [term.name for term in with_own_form([parse_term(line)], 0.001, 2.0, knows_forces=True)]
    assert "own_balance" not in [term.name for term in with_own_form([], 0.001, 2.0)]  # of a surrogate without forces
    balance = in_balance(whole_motion_terms(), None)
    assert "own_balance" in [term.name for term in with_own_form(balance, 0.001, 2.0, knows_forces=True)]


@pytest.mark.parametrize(("line", "is_kept"), [("descent_time:above:0.5", True), ("descent_time:above:3", False)])
def test_the_rhythm_of_the_own_squats_is_kept_where_the_tempo_that_is_asked_for_is_the_own_one(line, is_kept):
    squats = guided_context(own(90.0)[None], skeleton=SimpleSkeleton())
    found = with_own_form([parse_term(line)], 0.001, 2.0, squats)
    assert ("own_rhythm" in [term.name for term in found]) == is_kept


def test_of_two_squats_with_one_depth_that_is_wished_for_which_goes_up_as_the_own_squat_does():
    _, wish, *_ = with_own_form([parse_term("knee_flexion:max:above:70")], 0.001, 2.0)
    motion = torch.stack([own(90.0), own(90.0)])
    late = slice(int(guided_context(motion).phases.bottom[0]) + 5, None)
    for name in ("hip_flexion_l", "hip_flexion_r"):
        motion[1, late, AT[name]] *= 0.6
    squats = guided_context(own(90.0)[None], skeleton=SimpleSkeleton())
    motion.requires_grad_()
    loss = wish.loss(wish.value(guided_context(motion, skeleton=SimpleSkeleton(), own=squats)))
    assert loss.tolist() == pytest.approx([0, loss[1].item()], abs=1e-6)
    assert wish.weight * loss[1] > 0.002  # as much as two squared standard deviations of people
    (slope,) = torch.autograd.grad(loss.sum(), motion)
    assert slope[1, late, AT["hip_flexion_l"]].max() <= 0  # more of it, as the own squat has


def test_who_stands_straight_goes_on_to_stand_straight():
    """A knee that is bent before and after the squat is upright stance for those alone who stand so."""
    straight, bent = own()[None], own()[None]
    bent[..., AT["knee_angle_l"]] = bent[..., AT["knee_angle_l"]].clamp(min=20)
    squats = {
        name: guided_context(motion, skeleton=SimpleSkeleton()) for name, motion in (("s", straight), ("b", bent))
    }
    assert differences(profile(straight[0]), profile(bent[0])) == ["knees 18° more bent while standing (20 for 2°)"]
    accepted = {}
    for name, squat_of_own in squats.items():
        terms = [term for term in posture_as_own(whole_motion_terms(), squat_of_own) if "standing" in term.quantity]
        accepted[name] = all(term.holds(term.value(squats["b"])).all() for term in terms)
    assert accepted == {"s": False, "b": True}
    assert posture_as_own(whole_motion_terms(), None) == whole_motion_terms()


class RaisedHeels(SimpleSkeleton):
    """The stand-in with its heels off the floor, metres."""

    def __init__(self, heel_m):
        self.heel_m = heel_m

    def contact_points(self, motion, extra=None):
        points = super().contact_points(motion, extra)
        points[..., [0, 6], 1] += self.heel_m
        return points


@pytest.mark.parametrize(
    ("own_m", "accepted"), [(None, [True, True, False]), (0.0, [True, False, False]), (0.11, [True, True, True])]
)
def test_who_squats_on_the_heels_does_not_rise_to_the_toes_and_who_squats_on_the_toes_may(own_m, accepted):
    squats = None if own_m is None else guided_context(own()[None], skeleton=RaisedHeels(own_m))
    (term,) = (term for term in posture_as_own(whole_motion_terms(), squats) if term.quantity == "heel_lift")
    guided = [guided_context(own()[None], skeleton=RaisedHeels(height_m)) for height_m in (0.02, 0.06, 0.12)]
    assert [bool(term.holds(term.value(one)).all()) for one in guided] == accepted


def test_the_same_answer_is_counted_once_among_the_changes():
    change = SquatChange(0, 2.0, profile=None, words=("hips 3 cm deeper",))
    same = change_lines(SimpleNamespace(changes=(change, replace(change, same_as=0))))
    assert "on average 2.0°); 1 answer:" in same
    assert "sample 1: hips 3 cm deeper; 2.0° in form (the same answer as sample 0)" in same
    assert "; 2 different answers, which differ by 1°" in change_lines(SimpleNamespace(changes=(change, change)))


def test_the_sentence_says_what_the_own_squats_need_that_nothing_gives():
    """A request that is refused for the same forces would seem to be at fault without it."""
    profile = SquatProfile(**dict.fromkeys(SquatProfile.__dataclass_fields__, 80.0))
    baseline = Baseline(
        ("a",), torch.zeros(1, 1, 33), (profile,), "vasmed", torch.full((1, 2), 0.5), True, missing="in 1 of 1"
    )
    assert baseline_sentence(baseline).endswith("(simulated); in 1 of 1")
    assert baseline.record()["forces_that_nothing_gives"] == "in 1 of 1"


@pytest.mark.parametrize(("meeting", "words"), [(1, "; 1 of these squats meets"), (2, "; 2 of these squats meet ")])
def test_the_sentence_says_how_many_own_squats_meet_what_is_asked(meeting, words):
    profile = SquatProfile(**dict.fromkeys(SquatProfile.__dataclass_fields__, 80.0))
    deep = AskedOfOwn("knee_flexion_max above 90 deg", ((95.0, 96.25),) * 3, (True,) * 3)
    slow = AskedOfOwn("descent_time above 2 s", ((2.5,),) * 3, (True,) * meeting + (False,) * (3 - meeting))
    baseline = Baseline(
        ("a", "b", "c"), torch.zeros(3, 1, 33), (profile,) * 3, "vasmed", torch.ones(3, 2), True, asked=(deep, slow)
    )
    assert words in baseline_sentence(baseline)
    assert baseline.record()["squats"][2]["asked"] == {
        "knee_flexion_max above 90 deg": {"value": [95.0, 96.25], "met": True},
        "descent_time above 2 s": {"value": [2.5], "met": False},
    }
    lines = [re.split(r"\s{2,}", line.strip()) for line in baseline_table(baseline).splitlines()]
    assert ["what is asked", "a", "b", "c"] in lines
    assert ["descent_time above 2 s", *["2.5 met"] * meeting, *["2.5 missed"] * (3 - meeting)] in lines


def test_starts_begin_with_the_own_squats_that_are_nearest_to_what_is_asked():
    """Latents are the motions themselves here; without training latents only the pace is varied."""
    motions = torch.stack([own(depth) for depth in (70.0, 90.0, 110.0)])
    planted = motions + 0.5
    models = SimpleNamespace(vqvae=SimpleNamespace(encode=lambda motion: motion))
    squats = OwnMotions(("shallow", "middle", "deep"), motions, planted, (120, 120, 120), 3)

    def violation(z):
        return (z[..., AT["knee_angle_l"]].amax(1) - 105).abs()

    starts = make_own_starts(squats, models, None, 7, violation)
    assert starts.names[:3] == ("own deep", "own middle", "own shallow")
    torch.testing.assert_close(starts.latents[:3], motions.flip(0))
    for name, latent in zip(starts.names[3:], starts.latents[3:], strict=True):
        which, _, pace = name.removeprefix("own ").partition(", ")
        factor = {"slower": 1.3, "much slower": 1.6}[pace]
        expected = change_of_pace(planted[squats.names.index(which)], factor)
        torch.testing.assert_close(latent, expected)
    assert len(set(starts.names)) == 7


def test_features_of_a_squat_are_its_geometry():
    motion = torch.stack([own(), own(60.0, 200)])
    motion[:, :, AT["lumbar_extension"]] -= 4
    features = squat_features(motion, SimpleNamespace(skeleton=SimpleSkeleton()))
    knee, lean, width, descent, ascent = features.T
    assert knee.tolist() == pytest.approx([90, 60], abs=0.1)
    assert lean.tolist() == pytest.approx([0.3 * 90 + 4, 0.3 * 60 + 4], abs=0.1)
    assert width.tolist() == pytest.approx([0.2, 0.2])
    bent = [1 - 2 * math.acos(0.8) / (2 * math.pi)] * 2  # the share of a cosine that is above a tenth
    assert (descent + ascent).tolist() == pytest.approx([120 * bent[0], 200 * bent[1]], abs=2)


def test_joint_angles_stay_half_a_degree_inside_their_ranges():
    """What planting the feet changes afterwards is not to leave them; positions have no range."""
    ranges = torch.tensor([[-30.0, 60.0]]).repeat(33, 1)
    motion = torch.linspace(-100, 100, 50)[None, :, None].expand(1, 50, 33)
    found = within_ranges(motion, SimpleNamespace(coordinate_range=ranges))
    rotations = list(ROTATION_INDICES)
    torch.testing.assert_close(found[..., rotations], motion[..., rotations].clamp(-29.5, 59.5))
    torch.testing.assert_close(found[..., TRANSLATION_INDICES], motion[..., TRANSLATION_INDICES])


def test_the_own_squats_are_those_of_the_trials_that_are_named(tmp_path):
    folder = tmp_path / "person"
    shutil.copytree(SHIPPED_DEMO / "Data" / "demo-person-040", folder)
    (path,) = (folder / "OpenSimData" / "Kinematics").glob("*.mot")
    trial = read_motion(path)
    write_motion(path.with_name("squats_barbell.mot"), trial)
    write_motion(path.with_name("heavy.mot"), trial)

    def names(*trials):
        config = GuidanceConfig(subject=str(folder), trial=trials)
        found = load_own_squats(config.open_session()).recorded
        return {window.source.stem for window in found}, run_fingerprint(config, Session(folder))["recordings"]

    every, named, unnamed = names(), names("squats_barbell"), names("HEAVY", "squats_barbell.mot")
    assert (every[0], named[0]) == ({path.stem, "squats_barbell"}, {"squats_barbell"})
    assert unnamed[0] == {"heavy", "squats_barbell"}
    assert len({every[1], named[1], unnamed[1]}) == 3  # a result of other recordings is not taken for this one
    with pytest.raises(InputError, match="no trial light; it has heavy"):
        names("light")
    with pytest.raises(InputError, match="trial is one text, expected a list"):
        GuidanceConfig(subject=str(folder), trial="heavy")


def test_a_recorded_angle_that_cannot_be_guided_is_named(tmp_path, caplog):
    """A knee adduction, beside the 33 coordinates, in the recording of a model without it."""
    folder = tmp_path / "person"
    shutil.copytree(SHIPPED_DEMO / "Data" / "demo-person-040", folder)
    (path,) = (folder / "OpenSimData" / "Kinematics").glob("*.mot")
    trial = read_motion(path)
    force, angle = 400 + 9 * trial.column("knee_angle_r"), 20 * np.sin(trial.time_s)
    write_motion(path, replace(trial, extra={"ground_force_vy": force, "wrist_flex_r": angle}))
    load_own_squats(Session(folder))
    assert "cannot be guided" not in caplog.text
    write_motion(path, replace(trial, extra={"knee_adduction_r": 8 * np.sin(trial.time_s)}))
    load_own_squats(Session(folder))
    assert "person: knee_adduction_r, up to 8 degrees in the recording, cannot be guided" in caplog.text


def test_what_is_predicted_of_the_own_squats_is_of_the_surrogate_that_was_fitted_to_them(tmp_path):
    session = SHIPPED_DEMO / "Data" / "demo-person-040"
    prepared = prepare(GuidanceConfig(subject=str(session), num_runs=2, min_samples=1, out_dir=tmp_path, threads=1))
    models, window = prepared.models, prepared.own_squats.recorded[0]
    motion = low_pass(torch.as_tensor(window.coordinates, dtype=torch.float32)[None], models.smooth_hz)
    expected = models.describe_motion(motion).activations[0]
    torch.testing.assert_close(torch.as_tensor(prepared.own_squats.predicted[0]), expected, atol=1e-5, rtol=0)


def test_form_does_not_depend_on_tempo_and_grows_with_depth():
    assert form_difference(own(), own()) == 0
    assert form_difference(own(), own(frames=200)) < 0.5
    shallow, shallower = form_difference(own(), own(80)), form_difference(own(), own(70))
    assert 1 < shallow < shallower
    assert form_difference(own(80), own()) == pytest.approx(shallow)


def test_what_changes_is_said_with_both_values_the_most_noticeable_first():
    before = replace(profile(own()), right_share=0.5)
    after = replace(
        before,
        knee_deg=before.knee_deg - 18,
        lean_deg=before.lean_deg - 6,
        descent_s=before.descent_s + 0.4,
        right_share=0.54,
        width_m=before.width_m + 0.019,
    )
    words = differences(before, after)
    assert words[0] == "18° less knee flexion at the bottom (72 for 90°)"
    assert "trunk 6° more upright (21 for 27°)" in words
    assert any(text.startswith("descent 0.4 s slower (") for text in words)
    assert "4 % more of the load on the right foot (54 for 50 %)" in words
    assert len(words) == 4  # 1.9 cm of stance width cannot be noticed
    assert [text.replace("less", "more") for text in differences(after, before)][0].startswith("18° more knee flexion")
    assert "4 % more of the load on the left foot (50 for 46 %)" in differences(after, before)
    uneven = replace(before, knee_difference_deg=-7.0)
    assert "right knee 7° more flexed against the left (7 for 0°)" in differences(
        replace(before, knee_difference_deg=0.0), uneven
    )
    assert differences(before, before) == []
    assert not any("load" in text for text in differences(replace(before, right_share=None), after))


def test_the_amount_that_is_said_is_the_difference_of_the_values_that_are_said():
    before = replace(profile(own()), descent_s=0.64)  # 0.62 s slower, but 0.6 s and 1.3 s are said
    assert differences(before, replace(before, descent_s=1.26)) == ["descent 0.7 s slower (1.3 for 0.6 s)"]


def test_the_place_of_the_weight_is_that_of_both_feet_by_the_load_on_them():
    motion = own()[None]
    even, on_the_toes = (
        squat_profiles(motion, SimpleSkeleton(), forces(motion, [0.5], ahead_m=ahead_m))[0] for ahead_m in (0.0, 0.1)
    )
    assert on_the_toes.right_share == even.right_share == even.bottom_right_share == 0.5
    contact = guided_context(motion, skeleton=SimpleSkeleton()).contact_points[..., 0]
    length_m = float(contact.max() - contact.min()) + 0.04  # with the radii of the first and the last sphere
    assert on_the_toes.pressure - even.pressure == pytest.approx(0.1 / length_m, abs=1e-5)
    assert even.pressure == pytest.approx(0.02 / length_m, abs=1e-5)
    (words,) = differences(even, on_the_toes)
    assert "of the feet's length further forward at the bottom" in words
    one_foot = forces(motion, [1.0])
    one_foot.centres_of_pressure[:, :, 0] += 7.0  # under a foot that carries nothing it has no meaning
    assert squat_profiles(motion, SimpleSkeleton(), one_foot)[0].pressure == pytest.approx(even.pressure)


def test_near_duplicates_are_one_answer_and_other_tempi_are_not():
    motion = torch.stack([own(), own(90.5), own(75), own(frames=200), own(75.2)])
    profiles = squat_profiles(motion, SimpleSkeleton())
    assert same_answers(motion, profiles) == [None, 0, None, None, 2]


def test_which_squats_are_repeated_is_counted_in_the_order_of_the_search():
    motion = torch.stack([own(91.5), own(90), own(93)])  # the first is the same as either of the others
    profiles = squat_profiles(motion, SimpleSkeleton())
    assert repeated_answers(motion, profiles, [0, 1, 2]) == [False, True, True]
    assert repeated_answers(motion, profiles, [1, 0, 2]) == [True, False, False]


def test_a_change_of_tempo_counts_unless_it_is_asked_for():
    squats, guided = own()[None], torch.stack([own(88), change_of_pace(own(), 1.4)])
    profiles = [squat_profiles(motions, SimpleSkeleton()) for motions in (guided, squats)]
    shallower, slower = sizes_of_change(guided, profiles[0], squats, profiles[1])
    assert shallower == pytest.approx(form_difference(own(88), own()), abs=0.3)
    assert slower > 2 * shallower
    for asked in ({"repetition_time"}, {"descent_time", "hold_time", "ascent_time"}):
        unchanged, alone = sizes_of_change(guided, profiles[0], squats, profiles[1], asked)
        assert unchanged == pytest.approx(form_difference(own(88), own()))
        assert alone == pytest.approx(form_difference(change_of_pace(own(), 1.4), own()))
        assert alone < unchanged


def test_changes_are_counted_from_the_nearest_own_squat():
    motions = torch.stack([own(60), own(100)])
    profiles = squat_profiles(motions, SimpleSkeleton())
    assert nearest_own(own(95), motions)[0] == 1
    guided = torch.stack([own(82), own(61)])
    changes = describe_changes(guided, squat_profiles(guided, SimpleSkeleton()), motions, profiles)
    assert [change.own for change in changes] == [1, 0]
    assert changes[0].form_deg == pytest.approx(form_difference(own(82), own(100)))
    assert changes[1].sentence == "no difference from the own squat that can be noticed"


def test_the_baseline_sentence_says_what_the_person_does():
    motions = torch.stack([own(80), own(100)])
    profiles = squat_profiles(motions, SimpleSkeleton(), forces(motions, [0.5, 0.52]))
    peaks = torch.tensor([[0.4, 0.5], [0.6, 0.5]])
    sentence = baseline_sentence(Baseline(("a", "b"), motions, profiles, "vasmed", peaks, True))
    for part in ("2 own squats", "80 to 100°", "50 to 52 %", "left 0.40 to 0.60", "right 0.50 (simulated)"):
        assert part in sentence
    assert "fully active" not in sentence


def test_the_baseline_says_where_the_muscle_in_question_is_fully_active():
    motions = torch.stack([own(80), own(100)])
    profiles = squat_profiles(motions, SimpleSkeleton())
    peaks = torch.tensor([[0.7, 0.8], [0.9, 1.0]])
    sentence = baseline_sentence(Baseline(("a", "b"), motions, profiles, "vasmed", peaks, True))
    assert sentence.endswith("; vasmed is fully active in 1 of 2 own squats, for which the model may be too weak")


def test_of_many_own_squats_those_that_lie_evenly_in_the_recordings_are_taken():
    session = Session(SHIPPED_DEMO / "Data" / "demo-person-040")
    models = load_models(None, None, session, "cpu", 6.0)
    window = load_own_squats(session, 400).recorded[0]
    assert window.first_repetition.mean() < 0.4
    raised = window.coordinates.copy()  # one foot is in the air in the squat, and not in the long standing after it
    raised[:, [AT["hip_flexion_l"], AT["knee_angle_l"]]] += window.first_repetition[:, None] * [40.0, 60.0]
    windows = [replace(window, start_s=float(k)) for k in range(10)]
    found = own_motions([*windows, replace(window, coordinates=raised, start_s=10.0)], models)
    assert [name.partition(", ")[2] for name in found.names] == [f"{k:.1f} s" for k in (0, 2, 4, 5, 7, 9)]
    assert (found.on_two_feet, found.on_one_leg) == (10, 1)


def test_the_baseline_says_how_many_squats_it_leaves_out_and_why():
    motion = own(80)[None]
    profiles = (replace(profile(own(80)), knee_difference_deg=-0.4),)
    told = Baseline(
        ("a",), motion, profiles, "vasmed", torch.tensor([[0.4, 0.5]]), True,
        on_two_feet=7, on_one_leg=2, left_out=(LeftOut("squats2.mot", "line 3 is torn"),),
    )  # fmt: skip
    assert baseline_sentence(told).startswith(
        "now, in 1 of 7 own squats, chosen evenly over the recordings (2 on one leg left out): knees flexed 80°"
    )
    assert "left knee less right 0°" in baseline_sentence(told)
    table = baseline_table(told)
    assert "-0" not in table
    assert "squats2.mot  line 3 is torn" in table
    record = told.record()
    assert (record["squats_on_two_feet"], record["squats_on_one_leg"]) == (7, 2)
    assert record["left_out"] == [{"source": "squats2.mot", "reason": "line 3 is torn"}]


@pytest.mark.parametrize("short", [0.17, 0.25])
def test_who_stands_with_bent_knees_after_a_squat_has_another_form_by_that_alone(short):
    """The ascents of both squats are compared, and not one with the other and the standing after it."""
    motion = own(90.0, frames=70)
    bottom = int(motion[:, AT["knee_angle_l"]].argmax())
    bent = motion.clone()
    bent[bottom:] += short * (motion[bottom] - motion[bottom:])  # rises by so much less
    phases = find_phases(motion.double().numpy())
    difference = (bent - motion)[phases.start : phases.end, FORM].square().mean().sqrt()
    assert form_difference(motion, bent) < 1.2 * difference
    assert find_phases(bent.double().numpy()).is_complete
    assert not find_phases(motion[: bottom + 8].double().numpy()).is_complete


def test_a_hold_at_the_bottom_is_no_change_of_form():
    motion = own()
    bottom = int(motion[:, AT["knee_angle_l"]].argmax())
    held = torch.cat([motion[:bottom], motion[bottom].expand(60, -1), motion[bottom:]])
    assert form_difference(motion, held) < 0.5
    one, other = (find_phases(squat.double().numpy()) for squat in (motion, held))
    for (enters, leaves), (enters_held, leaves_held) in zip(one.bottoms, other.bottoms, strict=True):
        assert (enters_held, leaves_held) == (enters, leaves + 60)


def test_a_hold_that_wavers_is_no_change_of_form_either():
    """Twice the same squat with a hold of two seconds, in which the knees are a little deeper late or early."""
    motion = own()
    bottom = int(motion[:, AT["knee_angle_l"]].argmax())
    fading = torch.linspace(0.93, 1.0, 120)[:, None]
    late = torch.cat([0.93 * motion[:bottom], fading * motion[bottom], motion[bottom:]])
    early = torch.cat([motion[:bottom], fading.flip(0) * motion[bottom], 0.93 * motion[bottom:]])
    assert find_phases(late.double().numpy()).bottoms[0][0] > find_phases(early.double().numpy()).bottoms[0][0] + 30
    assert form_difference(late, early) < 1.5
    assert form_difference(late, early) == pytest.approx(form_difference(early, late))


def test_a_change_of_pace_keeps_the_form_and_comes_to_rest():
    motion = own()
    slower = change_of_pace(motion, 1.5)
    assert slower.shape == motion.shape
    assert torch.equal(slower[0], motion[0])
    knee = AT["knee_angle_l"]
    assert slower[:, knee].argmax() == pytest.approx(1.5 * motion[:, knee].argmax(), abs=2)
    assert torch.equal(change_of_pace(motion, 0.7)[-1], motion[-1])
    assert form_difference(motion, slower) < 0.5


def test_change_along_what_people_vary_is_smaller_than_across_it():
    """The same displacement costs as many standard deviations as the training latents rarely show."""
    generator = torch.Generator().manual_seed(0)
    spread = torch.tensor([3.0, 1.0, 0.3])
    latents = (torch.randn(200, 3, generator=generator) * spread).reshape(200, 1, 3)
    update = PCAUpdate(latents)
    costs = [float(update.squared_size(torch.eye(3)[k].reshape(1, 1, 3))) for k in range(3)]
    assert costs == pytest.approx((1 / latents.flatten(1).std(0) ** 2).tolist(), rel=0.2)
    variable = torch.randn(5, len(update.components), generator=generator)
    torch.testing.assert_close(update.squared_size(update(variable)), (0.1 * variable).square().sum(1))


def test_own_and_training_starts_take_turns():
    first = SequenceSampler(torch.zeros(2, 1, 1), (0, 0))
    second = SequenceSampler(torch.arange(3.0).reshape(3, 1, 1), (0, 1, 2))
    sampler = AlternatingSampler(first, second)
    assert [sampler(k).item() for k in range(6)] == [0, 0, 0, 1, 0, 2]
    assert second(4).item() == 1


def test_starts_of_the_squats_that_had_to_change_least_come_first_among_those_not_used():
    sources = (2, 0, 1, 2, 0, 1, 3, 2)
    sampler = SequenceSampler(torch.arange(8.0).reshape(8, 1, 1), sources)
    sampler.prefer(2, {0: 2.0, 1: 10.0, 2: 2.9})  # 2.9 is about as small as 2
    assert [int(sampler(k)) for k in range(8)] == [0, 1, 3, 4, 7, 2, 5, 6]
    assert [sampler.source_of(k) for k in range(8)] == [2, 0, 2, 0, 2, 1, 1, 3]
    sampler.prefer(4, {})  # nothing is known
    assert [int(sampler(k)) for k in range(8)] == [0, 1, 3, 4, 7, 2, 5, 6]


def test_of_the_drawn_training_latents_those_that_suit_come_first():
    latents = torch.arange(50.0).reshape(50, 1, 1)
    sampler, drawn = LatentSampler(latents, seed=5), LatentSampler(latents, seed=5)
    sampler.prefer(30, lambda z: (z.flatten() - 20).abs())
    first = [sampler(k).item() for k in range(30)]
    assert sorted(first) == sorted(drawn(k).item() for k in range(30))
    assert first == sorted(first, key=lambda value: abs(value - 20))
    assert [sampler(k).item() for k in range(30, 50)] == [drawn(k).item() for k in range(30, 50)]


def test_a_run_starts_from_the_own_squats_and_its_record_can_be_loaded(tmp_path):
    """With the shipped networks on a shipped person whom they were not trained on; few iterations, no simulation."""
    config = GuidanceConfig(
        subject=str(SHIPPED_DEMO / "Data" / "demo-person-040"),
        exp_name="own",
        out_dir=tmp_path,
        min_samples=5,
        num_runs=5,
        total_iter=2,
        threads=1,
        verify=False,
        whole=False,
    )
    with RunWriter(config) as writer:
        result = run_guidance(config, writer)
        writer.write(result)
    assert result_tables(result).startswith(
        "What was asked, as the surrogate predicts it; the motions were not simulated\n"
    )
    assert result.config.start == "own"
    assert [one.quantity for one in result.terms if one.required] == ["activation"]
    assert all(result.nearest_name(sample).startswith("own squats1") for sample in result.samples)
    forms = [change.form_deg for change in result.changes]
    assert forms == sorted(forms)
    assert forms[0] < 2.0  # two iterations hardly change what the decoder returns of a recording
    loaded = load_guidance(writer.folder.motions)
    assert loaded.changes == result.changes
    assert loaded.baseline.profiles == result.baseline.profiles
    torch.testing.assert_close(loaded.baseline.motion, result.baseline.motion)
    own_squat = read_motion(writer.folder.own_squats / "own_4.mot")
    np.testing.assert_allclose(own_squat.coordinates, result.baseline.motion[4], atol=1e-5)
    np.testing.assert_allclose(own_squat.activations, loaded.baseline.activations[4], atol=1e-5)
    assert len(list(writer.folder.own_squats.iterdir())) == 5
    summary = json.loads((writer.folder.motions / "summary.json").read_text())
    assert len(summary["now"]["squats"]) == 5
    least = result.least_changed
    assert summary["least_change"] == (None if least is None else result.changes[least].sentence)
    assert summary["least_change_deg"] == (None if least is None else pytest.approx(forms[least], rel=1e-5))
    assert summary["samples"][0]["change"]["form_deg"] == pytest.approx(forms[0], rel=1e-5)
    page = build_page(loaded)
    assert "What changes" in page
    assert "own squats: knees flexed" in page
    with RunWriter(replace(config, overwrite=True)) as writer:
        writer.on_start(result.session, result.terms)
        writer.write(replace(result, baseline=None, changes=()))
    assert not writer.folder.own_squats.exists()  # those of an earlier run would be taken for this one's


@pytest.mark.slow
def test_own_squats_cannot_be_started_from_where_there_are_none(tmp_path):
    model = tmp_path / "OpenSimData" / "Model" / "generic_scaled.osim"
    model.parent.mkdir(parents=True)
    shutil.copy(rajagopal2015(), model)
    config = GuidanceConfig(subject=str(tmp_path), start="own", threads=1)
    with pytest.raises(InputError, match="has no squat on two feet that guidance could start from"):
        run_guidance(config)


def test_squats_on_one_leg_are_no_own_squats_of_two_feet(tmp_path, caplog):
    """Putting the other foot on the floor would make squats that nobody did."""
    person = shutil.copytree(SHIPPED_DEMO / "Data/demo-person-040", tmp_path / "person", symlinks=True)
    shutil.rmtree(person / "OpenSimData/Dynamics", ignore_errors=True)
    (trial,) = Session(person).trials
    motion = read_motion(trial).cut(100, 318)
    bend = (motion.column("knee_angle_r") / 90).clip(0, 1)
    for name, values in (("hip_flexion", 38 + 55 * bend), ("knee_angle", 85 + 48 * bend), ("ankle_angle", 0 * bend)):
        motion.coordinates[:, AT[f"{name}_l"]] = values
    write_motion(trial, motion)
    with pytest.raises(InputError, match="holds no squat on two feet"):
        run_baseline(GuidanceConfig(subject=str(person), exp_name="now", threads=1, verify=False))
    assert "the session's 2 squat(s) are on one leg" in caplog.text


def test_the_baseline_is_written_for_programs(tmp_path):
    motions = torch.stack([own(80), own(100)])
    profiles = squat_profiles(motions, SimpleSkeleton(), forces(motions, [0.5, 0.52]))
    baseline = Baseline(("a", "b"), motions, profiles, "vasmed", torch.tensor([[0.4, 0.5], [0.6, 0.5]]), True)
    config = GuidanceConfig(subject="person", exp_name="now", out_dir=tmp_path)
    path = RunWriter(config).write_baseline(Session(tmp_path / "person"), baseline)
    with pytest.raises(InputError, match="--overwrite"):
        RunWriter(config).write_baseline(Session(tmp_path / "person"), baseline)
    RunWriter(replace(config, overwrite=True)).write_baseline(Session(tmp_path / "person"), baseline)
    assert path == tmp_path / "now" / "baseline_person.json"
    content = json.loads(path.read_text())
    assert (content["session"], content["muscle"], content["simulated"]) == ("person", "vasmed", True)
    assert [squat["peak_activation"] for squat in content["squats"]] == [[0.4, 0.5], [0.6, 0.5]]
    assert content["squats"][0]["knee_deg"] == pytest.approx(80, abs=0.1)
    assert content["squats"][1]["right_share"] == pytest.approx(0.52)


def test_a_baseline_that_is_there_already_is_refused_before_anything_is_computed(tmp_path):
    person = str(SHIPPED_DEMO / "Data/demo-person-040")
    config = GuidanceConfig(subject=person, exp_name="now", out_dir=tmp_path, baseline=True)
    with RunWriter(config):
        (tmp_path / "now").mkdir()
    (tmp_path / "now" / "baseline_demo-person-040.json").write_text("{}")
    with pytest.raises(InputError, match="is there already; --overwrite replaces it"), RunWriter(config):
        pass
    with RunWriter(replace(config, overwrite=True)), RunWriter(replace(config, baseline=False)):
        pass


def test_motions_are_as_long_as_a_tempo_in_terms_of_own_squats_needs():
    """Four times the descent of 0.7 s of this person does not fit in the usual 3.3 s."""
    person = str(SHIPPED_DEMO / "Data" / "demo-person-040")
    lengths = [
        prepare(GuidanceConfig(subject=person, constraint=lines, verify=False, threads=1, start=start)).config.seq_len
        for start, lines in (
            (None, ()),
            (None, ("descent_time:above:400%own",)),
            ("training", ("descent_time:above:400%own",)),
        )
    ]
    assert lengths[0] == 49
    assert min(lengths[1:]) * 4 / 60 > 2.8 + 0.1 + 0.7 + 0.6


def test_a_squat_that_is_under_way_in_its_first_frame_sets_out_from_rest_on_the_same_path():
    frame = torch.arange(100.0, dtype=torch.float64)
    motion = torch.stack([frame, 3 * frame, (frame - 50).square() / 50], -1)[None].requires_grad_()
    begun = begin_still(motion)
    speed = begun.diff(dim=1)
    assert begun.shape == motion.shape
    assert torch.equal(begun[:, 0], motion[:, 0])
    assert speed[0, 0, 0] < 0.05  # of a frame in a frame
    assert speed[0, :11, 0].diff().min() > 0
    torch.testing.assert_close(begun[:, 12:], motion[:, 6:-6])  # from there on as it was, 0.1 s later
    torch.testing.assert_close(begun[..., 1], 3 * begun[..., 0])  # the same path
    (slope,) = torch.autograd.grad(begun.sum(), motion)
    assert slope[0, 20:90].eq(1).all()
