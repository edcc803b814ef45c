"""OpenSim's own tools find the simulation's joint moments and activations in the folder that is exported for them.

They do everything else themselves: splines, multibody dynamics, muscle paths, muscle curves and optimisation.
"""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import opensim
import pytest
from opensim_comparison.muscle_moments import moment_imbalance
from opensim_comparison.tool_results import (
    activations,
    moment_differences,
    optimise_few_frames,
    run_tool,
    without_pennation_and_tendons,
)
from scipy.interpolate import make_interp_spline

from dataset.errors import InputError
from dataset.io.mot import read_motion, write_motion
from dataset.io.motion import Motion
from dataset.io.opensim_table import read_table, write_table
from dataset.sessions import Session, open_session
from dataset.windows.resample import to_even
from dataset.windows.segmentation import segment_repetitions
from models.muscles.static_optimization import ActivationSimulator
from utils.export.export_config import ExportConfig
from utils.export.motion_export import export_motions
from utils.opensim_tools.tool_folder import (
    INVERSE_DYNAMICS,
    LOAD_DATA,
    MODEL,
    MOTION,
    README,
    RESULTS,
    ToolMotion,
    write_tool_folder,
)
from utils.simulation.session_simulation import TOOLS_FOLDER, simulate_session
from utils.simulation.simulated_repetition import simulate_motion
from utils.simulation.simulation_config import SimulationConfig
from utils.simulation.simulators import build_simulator

DEMO_PERSON = Path(__file__).resolve().parents[1] / "demo/shipped/Data/demo-person-040"
VASTI = ("vasmed", "vaslat", "vasint")
RECORDED = (
    ("field-subject0", "Squats_0"),  # a patella without mass, contact spheres
    ("lab-subject2", "squats1"),
    ("lab-subject4", "squatsAsym1"),
    ("lab-subject5", "squats1"),
    ("mocap-dls", "DLS01"),  # knee adduction beside the 33 coordinates
)


@pytest.fixture(scope="module", autouse=True)
def _quiet_opensim():
    opensim.Logger.setLevelString("Error")


def first_squat(session: Session, trial: Path) -> Motion:
    """The first repetition of a trial, with half a second before and after it."""
    motion = to_even(read_motion(trial))
    repetition, around = segment_repetitions(motion)[0], round(motion.rate_hz / 2)
    return motion.cut(max(0, repetition.start_frame - around), repetition.end_frame + around)


@pytest.fixture(scope="module")
def squat() -> Motion:
    session = open_session(DEMO_PERSON)
    return first_squat(session, session.trials[0])


def tool_folder(folder: Path, model_path: Path, simulator: ActivationSimulator, motion: Motion) -> Path:
    span_s = float(motion.time_s[0]), float(motion.time_s[-1])
    simulated = ToolMotion("squat", motion.time_s, simulate_motion(simulator, motion), span_s)
    write_tool_folder(folder, model_path, simulator, simulated)
    return folder


@pytest.fixture(scope="module")
def folder(squat, tmp_path_factory) -> Path:
    """The folder of the demo person's squat."""
    root, model_path = tmp_path_factory.mktemp("tools"), open_session(DEMO_PERSON).model_path
    simulator = build_simulator(model_path)
    made = tool_folder(root / "made", model_path, simulator, squat)
    moved = root / "moved"  # nothing in it names the place where it was made
    made.rename(moved)
    return moved


def assert_same_moments(folder: Path, limit: float = 0.3, limit_of_pelvis: float = 0.5) -> None:
    run_tool(folder, INVERSE_DYNAMICS)
    for coordinate, difference in moment_differences(folder).items():
        most = limit_of_pelvis if coordinate.startswith("pelvis") else limit
        assert np.abs(difference).max() < most, coordinate


def assert_vasti_agree(folder: Path, *, de_groote: bool, least_correlation: float, largest_rmse: float) -> None:
    """OpenSim's static optimisation of a few frames agrees with the simulation in each of the vasti."""
    optimise_few_frames(folder, de_groote=de_groote)
    found = activations(folder, de_groote=de_groote)
    for muscle in VASTI:
        correlation, rmse = found.difference(muscle)
        assert correlation > least_correlation, muscle
        assert rmse < largest_rmse, muscle


def test_joint_moments_and_residuals_equal_those_of_opensims_inverse_dynamics(folder):
    assert_same_moments(folder)
    knee = read_table(folder / RESULTS / f"{INVERSE_DYNAMICS}.sto").column("knee_angle_r_moment")
    assert knee.min() < -60  # a squat that is worth comparing


@pytest.mark.parametrize(("session_id", "trial"), RECORDED)
def test_joint_moments_of_recordings_equal_those_of_opensims_inverse_dynamics(recordings, session_id, trial, tmp_path):
    session = open_session(recordings / "opencap/Data" / session_id)
    path = session.trial(trial)
    simulator = build_simulator(session.model_for(path))
    motion = first_squat(session, path)
    assert_same_moments(tool_folder(tmp_path / trial, session.model_for(path), simulator, motion), 0.5, 1.5)


def test_opensims_compliant_muscles_make_the_joint_moments_at_the_simulated_activations(folder):
    """De Groote's muscles of OpenSim in equilibrium with their tendons, pennation included: 1 Nm at hips and knees.

    At the ankles 2 Nm are left while the knees are straight: OpenSim's lengths of the gastrocnemii are too short then.
    """
    imbalances = moment_imbalance(folder, step_s=0.25)
    assert imbalances
    for coordinate, imbalance in imbalances.items():
        most = 2.5 if coordinate.startswith("ankle") else 1.0
        assert np.abs(imbalance).max() < most, coordinate


def test_vasti_agree_with_opensims_static_optimization_of_the_same_muscles(folder):
    """With De Groote's muscles, whose rigid tendons have the mean length. Measured: RMSE .002 to .004."""
    assert_vasti_agree(folder, de_groote=True, least_correlation=0.999, largest_rmse=0.01)


def test_activations_equal_where_tendons_are_rigid_and_pennation_is_left_out(squat, tmp_path):
    """OpenSim's static optimisation takes tendons as rigid, and applies the whole force of the fibres.

    Measured: vasti RMSE .0003, all muscles .0035. What remains are the gastrocnemii over a straight knee, whose lengths
    OpenSim reports too short, and their antagonists.
    """
    model_path = open_session(DEMO_PERSON).model_path
    simulator = without_pennation_and_tendons(build_simulator(model_path))
    folder = tool_folder(tmp_path / "rigid", model_path, simulator, squat)
    optimise_few_frames(folder, de_groote=True)
    found = activations(folder, de_groote=True)
    for muscle in VASTI:
        assert found.difference(muscle)[1] < 0.002, muscle
    assert np.sqrt(np.mean((found.ours - found.theirs) ** 2)) < 0.006
    assert np.abs(found.ours - found.theirs).max() < 0.04


def test_vasti_agree_with_opensims_static_optimization_of_the_models_own_muscles(folder):
    """Millard's curves for De Groote's, rigid tendons at slack length, and no pennation."""
    assert_vasti_agree(folder, de_groote=False, least_correlation=0.98, largest_rmse=0.05)


def vertical_demand(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Times, and the vertical force (T,) that OpenSim's inverse dynamics asks of ground and residual, N."""
    result, loads = read_table(folder / RESULTS / f"{INVERSE_DYNAMICS}.sto"), read_table(folder / LOAD_DATA)
    ground = sum(loads.column(name) for name in loads.names if name.endswith("_vy"))
    return result.time_s, result.column("pelvis_ty_force") + np.interp(result.time_s, loads.time_s, ground)


def newtons_demand(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Times, and M (g + a) of OpenSim's centre of mass, N."""
    model = opensim.Model(str(folder / MODEL))
    state = model.initSystem()
    motion = read_table(folder / MOTION)
    height_m = []
    for row in motion.data:
        for name, value in zip(motion.names, row, strict=True):
            coordinate = model.getCoordinateSet().get(name)
            coordinate.setLocked(state, False)
            coordinate.setValue(state, value, False)
        model.realizePosition(state)
        height_m.append(model.calcMassCenterPosition(state).get(1))
    acceleration = make_interp_spline(motion.time_s, height_m, k=5)(motion.time_s, 2)
    return motion.time_s, model.getTotalMass(state) * (acceleration - model.getGravity().get(1))


def test_newtons_law_says_that_a_patella_in_degrees_is_wrong(folder, tmp_path):
    """OpenSim's tools convert no degrees of coupled coordinates, and move the patellae 57 times too far."""
    run_tool(folder, INVERSE_DYNAMICS)
    time_s, demand = vertical_demand(folder)
    needed = np.interp(time_s, *newtons_demand(folder))
    assert np.abs(demand - needed).max() < 1.0

    wrong = tmp_path / "degrees"
    shutil.copytree(folder, wrong)
    motion = read_table(folder / MOTION)
    data = motion.data.copy()
    for i, name in enumerate(motion.names):
        data[:, i] = np.degrees(data[:, i]) if not re.fullmatch("pelvis_t[xyz]", name) else data[:, i]
    write_table(wrong / MOTION, motion.names, data, motion.time_s, in_degrees=True)
    run_tool(wrong, INVERSE_DYNAMICS)
    assert np.abs(vertical_demand(wrong)[1] - needed).max() > 30.0
    assert np.abs(moment_differences(wrong)["hip_flexion_r"]).max() > 20.0


def test_forces_that_the_simulation_lacks_and_bodies_without_mass_do_not_disturb_the_tools(squat, tmp_path):
    """As in OpenCap's models: contact spheres, and patellae without mass."""
    text = open_session(DEMO_PERSON).model_path.read_text()
    for side in "rl":
        text = re.sub(rf'(<Body name="patella_{side}">.*?<mass>)[^<]*', r"\g<1>0", text, count=1, flags=re.S)
        text = re.sub(
            rf'(<Body name="patella_{side}">.*?<inertia>)[^<]*', r"\g<1>0 0 0 0 0 0", text, count=1, flags=re.S
        )
    model = opensim.Model(str(open_session(DEMO_PERSON).model_path))
    path = tmp_path / "odd_scaled.osim"
    path.write_text(text)
    model = opensim.Model(str(path))
    model.addForce(opensim.SpringGeneralizedForce("knee_angle_r"))
    spring = opensim.SpringGeneralizedForce.safeDownCast(model.updForceSet().get(model.getForceSet().getSize() - 1))
    spring.setName("knee_spring")
    spring.setStiffness(100.0)
    model.finalizeConnections()
    model.printToXML(str(path))

    simulator = build_simulator(path)
    folder = tool_folder(tmp_path / "odd", path, simulator, squat)
    assert "SpringGeneralizedForce" in (folder / README).read_text()
    assert "patella_r, patella_l" in (folder / README).read_text()
    assert_same_moments(folder)
    optimise_few_frames(folder, de_groote=True, rows=60)
    assert activations(folder, de_groote=True).difference("vasmed")[1] < 0.05


def test_a_simulated_session_has_a_folder_for_each_repetition(squat, tmp_path):
    """Its inverse dynamics are the moments that are written beside it; a simulation without it removes it."""
    session = tmp_path / "person"
    (session / "OpenSimData/Kinematics").mkdir(parents=True)
    shutil.copytree(DEMO_PERSON / "OpenSimData/Model", session / "OpenSimData/Model")
    write_motion(session / "OpenSimData/Kinematics/squat.mot", squat)
    config = SimulationConfig(subject=str(session), out_dir=tmp_path / "out", opensim=True)
    repetition = simulate_session(config).folder / "OpenSimData/Dynamics/squat_segment_1"
    run_tool(repetition / TOOLS_FOLDER, INVERSE_DYNAMICS)
    found = read_table(repetition / TOOLS_FOLDER / RESULTS / f"{INVERSE_DYNAMICS}.sto")
    written = read_table(repetition / "kinetics_squat_segment_1.mot")
    for name in ("hip_flexion_l_moment", "ankle_angle_r_moment", "pelvis_ty_force"):
        ours = np.interp(found.time_s, written.time_s, written.column(name))
        # The squat begins with the recording, where OpenSim's splines have no neighbours.
        np.testing.assert_allclose(found.column(name)[1:-1], ours[1:-1], atol=0.3)
    simulate_session(replace(config, opensim=False))  # is kept
    assert (repetition / TOOLS_FOLDER / README).exists()
    simulate_session(replace(config, opensim=False, overwrite=True))
    assert not (repetition / TOOLS_FOLDER).exists()


def test_a_folder_for_opensims_tools_does_not_replace_a_simulation_of_another_program(tmp_path):
    recorded = tmp_path / "demo-person-075/OpenSimData/Dynamics/squats2_segment_1"
    recorded.mkdir(parents=True)
    path = recorded / "kinematics_activations_squats2_segment_1_muscle_driven.mot"
    path.write_text("by another program")
    session = DEMO_PERSON.with_name("demo-person-075")
    config = SimulationConfig(subject=str(session), trial=("squats2",), out_dir=tmp_path, opensim=True)
    with pytest.raises(InputError, match="give --overwrite to replace it"):
        simulate_session(config)
    assert path.read_text() == "by another program"


def test_export_script_writes_the_folder_and_refuses_motions_that_are_too_short(squat, tmp_path):
    write_motion(tmp_path / "short.mot", squat.cut(0, 30))
    config = ExportConfig(
        motions=[tmp_path / "short.mot"], subject=str(DEMO_PERSON), format="opensim", out_dir=tmp_path / "out"
    )
    with pytest.raises(InputError, match=r"short\.mot: lasts 0\.48 s; at least 1 s"):
        export_motions(config)
    write_motion(tmp_path / "squat.mot", squat)
    (folder,) = export_motions(replace(config, motions=[tmp_path / "squat.mot"])).paths
    assert folder == tmp_path / "out/squat_opensim"
    assert "equals `simulation_moments.sto` within 0.5 Nm" in (folder / README).read_text()
    with pytest.raises(InputError, match="exists already"):
        export_motions(replace(config, motions=[tmp_path / "squat.mot"]))
