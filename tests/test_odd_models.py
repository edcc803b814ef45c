"""Models that differ from Rajagopal's: other joint names or shoulders, welded feet, muscles that are switched off."""

import logging
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from opensim_poses import OpenSimPoses
from scipy.spatial.transform import Rotation

from dataset.errors import InputError
from dataset.io.mot import read_motion, write_motion
from dataset.io.motion import Motion
from dataset.locations import SHIPPED_DEMO
from dataset.opensim.joint_conventions import require_usual_joints
from dataset.opensim.model_reader import load_skeleton, read_osim
from dataset.opensim.muscle_points import read_muscle_points
from dataset.sessions import Session, discover_sessions
from models.conventions import COORDINATE_INDEX, MUSCLES
from models.skeleton.body_joints import BodyJoints
from utils.metrics.posed_skeleton import SkeletonPerMotion
from utils.report.vocabulary import muscle_name
from utils.retargeting.joint_export import joints_of_motion
from utils.simulation.saturation import saturated_muscles, saturation_of_samples, saturation_sentence
from utils.simulation.simulators import build_simulator

SESSION = discover_sessions(SHIPPED_DEMO)[0]
MODEL = SESSION.model_path.read_text()
ARM = ("arm_flex", "arm_add", "arm_rot")
SHOULDER = ("sh_plane_elev", "sh_elev", "sh_axial_rot")  # of OpenCap's shoulder model
VASTI = [f"{name}_r" for name in ("vasmed", "vaslat", "vasint")]


@pytest.fixture(scope="module")
def motion() -> Motion:
    return read_motion(SESSION.squat_trials[0]).cut(100, 220)


def write_model(folder: Path, text: str) -> Path:
    path = folder / "odd_scaled.osim"
    path.write_text(text)
    return path


def with_other_shoulder() -> str:
    """The shoulders turn about y, x and z; OpenSim takes no two axes that are parallel."""
    text = MODEL
    for side, sign in (("r", 1), ("l", -1)):
        joint = re.search(rf'<CustomJoint name="acromial_{side}">.*?</CustomJoint>', text, flags=re.S)
        changed = joint[0]
        for number, axis in enumerate(("0 1 0", "1 0 0", "0 0 1"), 1):
            signed = " ".join(str(sign * int(value)) for value in axis.split())
            changed = re.sub(
                rf'(<TransformAxis name="rotation{number}">.*?<axis>)[^<]*', rf"\g<1>{signed}", changed, flags=re.S
            )
        text = text.replace(joint[0], changed)
        for own, other in zip(ARM, SHOULDER, strict=True):
            text = text.replace(f"{own}_{side}", f"{other}_{side}")
    return text


def welded(text: str, *joints: str) -> str:
    for joint in joints:
        found = re.search(rf'<(\w+Joint) name="{joint}">(.*?)</\1>', text, flags=re.S)
        rest = re.sub(
            r"<coordinates>.*?</coordinates>|<SpatialTransform>.*?</SpatialTransform>", "", found[2], flags=re.S
        )
        text = text.replace(found[0], f'<WeldJoint name="{joint}">{rest}</WeldJoint>')
    return text


def switched_off(text: str, muscles: list[str]) -> str:
    for muscle in muscles:
        found = re.search(rf'<\w*Muscle name="{muscle}">', text)
        rest = text[found.end() :].replace("<appliesForce>true</appliesForce>", "", 1)
        text = text[: found.end()] + "<appliesForce>false</appliesForce>" + rest
    return text


def test_joints_are_known_by_their_coordinates(tmp_path, motion):
    text = MODEL.replace("walker_knee_", "knee_").replace('name="back"', 'name="lumbar"').replace("acromial_", "gh_")
    other, plain = load_skeleton(write_model(tmp_path, text)), load_skeleton(SESSION.model_path)
    assert other.joint_names == plain.joint_names
    assert other.anthropometry == plain.anthropometry
    frames = torch.tensor(motion.coordinates).float()
    torch.testing.assert_close(BodyJoints(other)(frames), BodyJoints(plain)(frames))


def test_bodies_are_known_by_their_joints(tmp_path):
    """Contact spheres lie under heel and toes also where these have names of a laboratory's own."""
    text = MODEL
    for own, other in (("calcn", "foot"), ("toes", "forefoot"), ("tibia", "shank"), ("femur", "thigh")):
        text = re.sub(rf"\b{own}_([rl])\b", rf"{other}_\1", text)
    other, plain = read_osim(write_model(tmp_path, text)), read_osim(SESSION.model_path)
    assert other.body_names == plain.body_names
    assert np.array_equal(other.contact_bodies, plain.contact_bodies)
    assert np.allclose(other.contact_locations, plain.contact_locations)


def test_either_set_of_shoulder_coordinates_moves_the_arms(tmp_path, motion, caplog):
    plain = load_skeleton(SESSION.model_path, torch.float64)
    with caplog.at_level(logging.WARNING):
        other = load_skeleton(write_model(tmp_path, with_other_shoulder()), torch.float64)
    assert "arm_flex_l" in caplog.text
    assert "sh_elev_r" in caplog.text
    expected = plain.joint_centres(torch.tensor(motion.coordinates))
    shared = [other.joint_names.index(name) for name in plain.joint_names]

    as_plain = other.joint_centres(torch.tensor(motion.coordinates))
    torch.testing.assert_close(as_plain[:, shared], expected, atol=1e-9, rtol=0)

    own, rest = {}, motion.coordinates.copy()
    for side, sign in (("r", 1), ("l", -1)):
        flex, add, rot = (motion.column(f"{name}_{side}") for name in ARM)
        turned = Rotation.from_euler("ZXY", np.stack([flex, sign * add, sign * rot], 1), degrees=True)
        angles = sign * turned.as_euler("YXZ", degrees=True)
        own |= {f"{name}_{side}": angles[:, i] for i, name in enumerate(SHOULDER)}
        rest[:, [COORDINATE_INDEX[f"{name}_{side}"] for name in ARM]] = 0.0
    write_motion(tmp_path / "own.mot", Motion(motion.time_s, rest, extra=own))
    read = read_motion(tmp_path / "own.mot")
    extra = {name: torch.tensor(values) for name, values in read.extra.items()}
    as_own = other.joint_centres(torch.tensor(read.coordinates), extra)
    torch.testing.assert_close(as_own[:, shared], expected, atol=1e-6, rtol=0)


def test_simulation_with_another_shoulder_is_that_of_the_plain_model(tmp_path, motion):
    frames = torch.tensor(motion.coordinates)[None]
    with torch.no_grad():
        other = build_simulator(write_model(tmp_path, with_other_shoulder()))(frames, 60.0)
        plain = build_simulator(SESSION.model_path)(frames, 60.0)
    torch.testing.assert_close(other.activations, plain.activations, atol=2e-3, rtol=0)
    torch.testing.assert_close(other.ground_forces, plain.ground_forces, atol=0.5, rtol=0)


def test_welded_feet_are_simulated(tmp_path, motion):
    feet = [f"{joint}_{side}" for joint in ("subtalar", "mtp") for side in "lr"]
    simulator = build_simulator(write_model(tmp_path, welded(MODEL, *feet)))
    assert simulator.missing_coordinates == ("subtalar_angle_l", "subtalar_angle_r", "mtp_angle_l", "mtp_angle_r")
    with torch.no_grad():
        simulation = simulator(torch.tensor(motion.coordinates)[None], 60.0)
    assert bool(simulation.converged.all())
    weight = simulation.ground_forces[0, 12:-12, :, 1].sum(-1).mean() / simulator.weight_n
    assert float(weight) == pytest.approx(1.0, abs=0.1)
    assert float(simulation.reserves[..., -2:].abs().max()) < 1e-9  # a welded joint needs no moment


def test_muscles_that_are_switched_off_do_nothing_and_others_take_over(tmp_path, motion, caplog):
    frames = torch.tensor(motion.coordinates)[None]
    simulator = build_simulator(write_model(tmp_path, switched_off(MODEL, VASTI)))
    assert all(name in caplog.text for name in VASTI)
    with torch.no_grad():
        without = simulator(frames, 60.0).activations[0]
        whole = build_simulator(SESSION.model_path)(frames, 60.0).activations[0]
    off, rectus = [MUSCLES.index(name) for name in VASTI], MUSCLES.index("recfem_r")
    assert float(without[:, off].max()) == 0.0
    assert float(without[:, rectus].max()) > float(whole[:, rectus].max()) + 0.1


def test_muscles_without_strength_are_switched_off(tmp_path, motion):
    pattern = r'(<\w*Muscle name="vasmed_r">.*?<max_isometric_force>)[^<]+<'
    text = re.sub(pattern, r"\g<1>0<", MODEL, count=1, flags=re.S)
    with torch.no_grad():
        found = build_simulator(write_model(tmp_path, text))(torch.tensor(motion.coordinates)[None], 60.0)
    assert bool(found.activations.isfinite().all())
    assert float(found.activations[..., MUSCLES.index("vasmed_r")].max()) == 0.0


def with_control(limit: str, value: float) -> str:
    return re.sub(r'<\w*Muscle name="vasmed_r">', rf"\g<0><{limit}>{value}</{limit}>", MODEL, count=1)


def test_muscles_that_may_not_be_excited_are_switched_off(tmp_path, motion):
    simulator = build_simulator(write_model(tmp_path, with_control("max_control", 0)))
    with torch.no_grad():
        found = simulator(torch.tensor(motion.coordinates)[None], 60.0)
    assert float(found.activations[..., MUSCLES.index("vasmed_r")].max()) == 0.0


@pytest.mark.parametrize(
    ("limit", "value", "shown"), [("max_control", 0.3, "(0.01 to 0.3)"), ("min_control", 0.5, "(0.5 to 1)")]
)
def test_a_limit_of_excitation_that_is_not_kept_is_named(tmp_path, caplog, limit, value, shown):
    with caplog.at_level(logging.WARNING):
        build_simulator(write_model(tmp_path, with_control(limit, value)))
    assert limit in caplog.text
    assert f"vasmed_r {shown}" in caplog.text


SPRING = "<coordinate>knee_angle_r</coordinate><stiffness>30</stiffness>"


@pytest.mark.parametrize(
    ("kind", "content", "is_named"),
    [
        ("SpringGeneralizedForce", SPRING, True),
        ("SpringGeneralizedForce", f"<appliesForce>false</appliesForce>{SPRING}", False),
        ("CoordinateActuator", "<coordinate>knee_angle_r</coordinate>", False),
    ],
    ids=["brace", "switched off", "actuator"],
)
def test_forces_that_are_not_simulated_are_named(tmp_path, caplog, kind, content, is_named):
    start = re.search(r"<ForceSet name=[^>]*>\s*<objects>", MODEL)[0]
    text = MODEL.replace(start, f'{start}<{kind} name="knee_brace">{content}</{kind}>')
    with caplog.at_level(logging.WARNING):
        build_simulator(write_model(tmp_path, text))
    assert ("forces of the model are not simulated" in caplog.text) == is_named
    assert ("knee_brace" in caplog.text) == is_named


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda text: text.replace("knee_angle_r", "knee_flexion_r"), "no coordinate knee_angle_r"),
        (lambda text: text.replace('"humerus_l"', '"upperarm"').replace("/humerus_l<", "/upperarm<"), ""),
        (lambda text: re.sub("<gravity>[^<]*<", "<gravity>0 0 0<", text), "gravity is 0 0 0"),
        (lambda text: re.sub("<gravity>[^<]*<", "<gravity>0 0 -9.81<", text), "gravity is 0 0 -9.81"),
        (lambda text: re.sub("<gravity>[^<]*<", "<gravity>0 -1.62 0<", text), "gravity is 0 -1.62 0"),
        (lambda text: re.sub("<gravity>[^<]*<", "<gravity>0 -1 0<", text), "gravity is 0 -1 0"),
        (lambda text: text.replace('"soleus_r"', '"calf_r"'), "lacks 1 of the 80 muscles"),
    ],
)
def test_what_cannot_be_simulated_is_named(tmp_path, change, sentence):
    path = write_model(tmp_path, change(MODEL))
    if not sentence:  # the body is known by its joint's coordinate
        assert "humerus_l" in load_skeleton(path).body_names
        return
    with pytest.raises(InputError, match=sentence):
        build_simulator(path)


@pytest.mark.parametrize("dependent", ["arm_flex_l", "lumbar_bending", "subtalar_angle_l"])
def test_a_coordinate_of_a_motion_counts_also_where_the_model_couples_it_to_another(tmp_path, motion, dependent):
    start = MODEL.index("<CoordinateCouplerConstraint name=")
    coupler = f"""<CoordinateCouplerConstraint name="alike"><coupled_coordinates_function>
        <LinearFunction><coefficients> 1 0</coefficients></LinearFunction></coupled_coordinates_function>
        <independent_coordinate_names>arm_flex_r</independent_coordinate_names>
        <dependent_coordinate_name>{dependent}</dependent_coordinate_name></CoordinateCouplerConstraint>"""
    frames = torch.tensor(motion.coordinates)
    coupled = load_skeleton(write_model(tmp_path, MODEL[:start] + coupler + MODEL[start:]), torch.float64)
    expected = load_skeleton(SESSION.model_path, torch.float64).joint_centres(frames)
    torch.testing.assert_close(coupled.joint_centres(frames), expected)


def with_coupler(old: str, new: str) -> str:
    """The model with another coupler of the right patella to its knee."""
    start = MODEL.index('<CoordinateCouplerConstraint name="patellofemoral_knee_angle_r_con">')
    assert old in MODEL[start : start + 800]
    return MODEL[:start] + MODEL[start:].replace(old, new, 1)


def test_a_patella_that_lags_behind_the_knee_is_where_opensim_has_it(tmp_path):
    path = write_model(tmp_path, with_coupler("<coefficients> 1 0<", "<coefficients> 0.5 0.1<"))
    frame = np.zeros(33)
    frame[COORDINATE_INDEX["knee_angle_r"]] = 60
    poses, skeleton = OpenSimPoses(path), load_skeleton(path)
    poses.set(frame)
    poses.coordinates.get("knee_angle_r_beta").setValue(poses.state, 0.5 * np.radians(60) + 0.1, False)
    poses.model.realizePosition(poses.state)
    _, origins = skeleton.bodies(torch.tensor(frame))
    expected = poses.model.getBodySet().get("patella_r").getPositionInGround(poses.state).to_numpy()
    np.testing.assert_allclose(origins[skeleton.body_names.index("patella_r")], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<scale_factor>1<", "<scale_factor>0.5<"),
        ("<isEnforced>true<", "<isEnforced>false<"),
        ("<coefficients> 1 0<", "<coefficients> 0 0.3<"),
        ("names>knee_angle_r<", "names>knee_angle_r hip_flexion_r<"),
    ],
)
def test_a_coupler_that_places_the_patella_in_another_way_is_refused(tmp_path, old, new):
    with pytest.raises(InputError, match="coupler 'patellofemoral_knee_angle_r_con' is not supported; expected"):
        read_osim(write_model(tmp_path, with_coupler(old, new)))


def test_an_axis_of_two_coordinates_is_refused(tmp_path):
    text = MODEL.replace("<coordinates>hip_flexion_r<", "<coordinates>hip_flexion_r hip_adduction_r<", 1)
    with pytest.raises(InputError, match="joint 'hip_r' has an axis that depends on 2 coordinates"):
        read_osim(write_model(tmp_path, text))


def test_a_muscle_that_hangs_on_the_ground_cannot_be_drawn(tmp_path, motion):
    before, muscle, after = MODEL.partition('name="vasmed_r"')
    path = write_model(tmp_path, before + muscle + after.replace("/bodyset/femur_r", "/ground", 1))
    with pytest.raises(InputError, match="odd_scaled.osim: a muscle is attached to ground"):
        read_muscle_points(path, motion.coordinates[:2], read_osim(path).own_body_names)


def test_knees_of_the_opposite_sign_are_refused(tmp_path):
    def turned(match):
        return f"{match[1]}-2.1 0.17<"

    text = re.sub(r'(<Coordinate name="knee_angle_[lr]">.*?<range>)[^<]*<', turned, MODEL, flags=re.S)
    with pytest.raises(InputError, match="bends in the negative direction"):
        load_skeleton(write_model(tmp_path, text))


@pytest.mark.parametrize(
    ("coordinate", "axis", "found"),
    [
        ("pelvis_tilt", "0 0 -1", "pelvis_tilt turns the joint ground_pelvis about the axis 0 0 -1, where about 0 0 1"),
        ("hip_flexion_l", "0 0 -1", "hip_flexion_l turns the joint hip_l about the axis 0 0 -1"),
        ("hip_adduction_r", "-1 0 0", "hip_adduction_r turns the joint hip_r"),
        ("lumbar_extension", "0 0 -1", "lumbar_extension turns the joint back"),
        ("lumbar_bending", "-1 0 0", "lumbar_bending turns the joint back about the axis -1 0 0, where about 1 0 0"),
    ],
)
def test_a_joint_that_turns_another_way_is_refused(tmp_path, coordinate, axis, found):
    pattern = rf"(<coordinates>{coordinate}</coordinates>\s*<axis>)[^<]*"
    with pytest.raises(InputError, match=found):
        read_osim(write_model(tmp_path, re.sub(pattern, rf"\g<1>{axis}", MODEL)))


def test_a_pelvis_that_turns_in_another_order_is_refused(tmp_path):
    text = MODEL
    for number, (name, axis) in enumerate((("rotation", "0 1 0"), ("list", "1 0 0"), ("tilt", "0 0 1")), 1):
        pattern = rf'(name="rotation{number}">\s*<coordinates>)pelvis_\w+(</coordinates>\s*<axis>)[^<]*'
        text = re.sub(pattern, rf"\g<1>pelvis_{name}\g<2>{axis}", text)
    with pytest.raises(InputError, match="in the order pelvis_rotation, pelvis_list, pelvis_tilt"):
        read_osim(write_model(tmp_path, text))


def test_bodies_may_have_axes_of_their_own():
    model = read_osim(SESSION.model_path)
    thigh, turn = model.body_names.index("femur_r"), Rotation.from_euler("XY", (90, 40), degrees=True).as_matrix().T
    hip_turned = [
        replace(joint, child_rotation=turn @ joint.child_rotation) if joint.child == thigh else joint
        for joint in model.joints
    ]
    both_turned = [
        replace(joint, parent_rotation=turn @ joint.parent_rotation) if joint.parent == thigh else joint
        for joint in hip_turned
    ]
    require_usual_joints("turned.osim", replace(model, joints=tuple(both_turned)))
    with pytest.raises(InputError, match="knee_angle_r turns the joint"):  # of the thigh's axes at one end alone
        require_usual_joints("turned.osim", replace(model, joints=tuple(hip_turned)))


def test_motion_files_may_lack_arms_but_not_knees(tmp_path, motion, caplog):
    path = tmp_path / "squats1.mot"
    write_motion(path, motion)
    path.write_text(path.read_text().replace("arm_flex_r", "shoulder_r"))
    read = read_motion(path)
    assert "arm_flex_r" in caplog.text
    assert not read.column("arm_flex_r").any()
    np.testing.assert_allclose(read.extra["shoulder_r"], motion.column("arm_flex_r"), atol=1e-6)
    np.testing.assert_allclose(read.column("knee_angle_l"), motion.column("knee_angle_l"), atol=1e-6)
    path.write_text(path.read_text().replace("knee_angle_r", "knee_r"))
    with pytest.raises(InputError, match="a squat needs knee_angle_r"):
        read_motion(path)


def test_each_motion_is_posed_on_its_own_skeleton():
    people = [load_skeleton(session.model_path) for session in discover_sessions(SHIPPED_DEMO)[:2]]
    frames = torch.randn(2, 5, 33)
    both = SkeletonPerMotion(people)
    torch.testing.assert_close(both.joint_centres(frames)[1], people[1].joint_centres(frames[1]))
    torch.testing.assert_close(both.bodies(frames)[1][0], people[0].bodies(frames[0])[1])
    assert both.anthropometry.shape == (2, 7)


def test_saturated_muscles_are_named():
    activations = torch.full((100, 80), 0.5)
    activations[:50, MUSCLES.index("vasmed_l")] = 1.0
    activations[:20, MUSCLES.index("soleus_r")] = 1.0
    activations[:2, MUSCLES.index("vaslat_l")] = 1.0
    shares = saturated_muscles(activations)
    assert shares == pytest.approx({"vasmed_l": 0.5, "soleus_r": 0.2})
    assert "vasmed_l 50%" in saturation_sentence(shares).split(";")[0]
    assert saturation_sentence({}) == ""


def test_samples_with_saturated_muscles_are_named_and_those_with_unreliable_ones_counted():
    found = [
        {"vaslat_l": 0.1, "tibant_r": 0.2},
        {"tibant_r": 0.3},
        {"soleus_l": 0.06, "tibant_r": 0.05},
        {"vaslat_l": 0.3},
    ]
    strong, weak = saturation_of_samples(found)
    assert strong.endswith(": vaslat_l in samples 0, 3 (up to 30% of the frames)")
    assert weak.endswith(
        ": tibant_r in 3 of 4 samples (up to 30% of the frames), soleus_l in 1 of 4 samples (up to 6% of the frames)"
    )
    assert saturation_of_samples([{}, {}]) == []
    assert saturation_of_samples(found[:1])[0].endswith("vaslat_l in the sample (up to 10% of the frames)")
    (spoken,) = saturation_of_samples(found[:1], muscle_name)[:1]
    assert spoken.endswith("left vastus lateralis in the sample (up to 10% of the frames)")


def test_exported_joints_have_the_arms_of_another_shoulder(tmp_path, motion):
    text = MODEL
    renamed = dict(zip(ARM, SHOULDER, strict=True))
    for own, other in renamed.items():
        text = text.replace(f"{own}_", f"{other}_")
    folder = tmp_path / "s" / "OpenSimData" / "Model"
    folder.mkdir(parents=True)
    write_model(folder, text)
    session = Session(tmp_path / "s")
    arms = [f"{name}_{side}" for name in ARM for side in "lr"]
    rest = motion.coordinates.copy()
    rest[:, [COORDINATE_INDEX[name] for name in arms]] = 0.0
    extra = {f"{renamed[name[:-2]]}{name[-2:]}": motion.column(name) for name in arms}
    found = joints_of_motion(
        Motion(motion.time_s, rest, extra=extra), BodyJoints(load_skeleton(session.model_path)), session
    )
    expected = joints_of_motion(motion, BodyJoints(load_skeleton(SESSION.model_path)), SESSION)
    np.testing.assert_allclose(found, expected, atol=1e-5)
