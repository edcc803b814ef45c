"""The surrogate after inverse dynamics: what holds with any weights, and how close the shipped ones are to labels."""

import re
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from dataset.io.mot import read_motion
from dataset.io.opensim_table import read_table
from dataset.locations import SHIPPED_DEMO
from dataset.sessions import discover_sessions
from dataset.windows.floor import floor_height
from dataset.windows.mirror import mirror_activations, mirror_motion
from dataset.windows.placement import Placement, place
from dataset.windows.window_loading import load_windows
from models.conventions import (
    COORDINATE_INDEX,
    FRAME_RATE_HZ,
    MUSCLES,
    SIDES,
    TRANSLATION_INDICES,
    WINDOW_FRAMES,
)
from models.muscles.hill import MuscleParameters, Muscles
from models.muscles.moment_arms import LEG_COORDINATES
from models.muscles.moment_capacity import moment_capacity
from models.muscles.static_optimization import ActivationSimulator
from models.protocols import Surrogate
from models.surrogate.dynamics_surrogate import DynamicsSurrogate, SubjectSurrogate
from models.surrogate.dynamics_surrogate_config import DynamicsSurrogateConfig
from models.surrogate.ground_sharing import GroundReaction, filtered
from models.surrogate.leg_dynamics import LegDynamics, LegKinematics, MotionDynamics
from models.surrogate.subject_muscles import demanding_sigmoid, rounded_clip, unclipped
from models.surrogate.time_sampling import FRAMES_A_SAMPLE
from utils.networks.inference import load_frozen_surrogate
from utils.simulation.simulators import build_simulator
from utils.training.dynamics_samples import DynamicsSamples, samples_of_session
from utils.training.dynamics_trainer import dynamics_of, fit_to_samples
from utils.training.surrogate_metrics import EVALUATED_GROUPS

SESSION, OTHER = discover_sessions(SHIPPED_DEMO)
FRAMES = WINDOW_FRAMES
HALF_SECOND = 30
SMALL = DynamicsSurrogateConfig(
    ground_networks=2, ground_width=24, ground_layers=1, muscle_width=24, muscle_layers=1, reference_samples=300
)
MTP = LEG_COORDINATES.index("mtp_angle")


class _Samples:
    """Samples of one session, as `fit_to_samples` reads them."""

    folders = (Path(),)

    def __init__(self, samples: DynamicsSamples) -> None:
        self.samples = samples

    def read(self, kind: str, sessions: object) -> dict[str, Tensor]:
        """All samples of a kind."""
        values = {name: torch.from_numpy(array) for name, array in getattr(self.samples, kind).items()}
        return values | {"capacity": torch.from_numpy(self.samples.capacity)[values.pop("model")]}

    def simulated(self) -> dict[str, Tensor]:
        """The samples of the repetitions, without their surroundings."""
        values = self.read("repetitions", [0])
        return {name: array[values["inside"]] for name, array in values.items()}


@pytest.fixture(scope="module")
def simulator() -> ActivationSimulator:
    return build_simulator(SESSION.model_path)


@pytest.fixture(scope="module")
def samples() -> _Samples:
    return _Samples(samples_of_session(SESSION, seed=0))


@pytest.fixture(scope="module")
def untrained(samples) -> DynamicsSurrogate:
    """Random weights behind normalisations that fit, whose answers differ from muscle to muscle and frame to frame."""
    torch.manual_seed(3)
    networks = DynamicsSurrogate(SMALL)
    fit_to_samples(networks, samples)
    return networks.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def shipped() -> DynamicsSurrogate:
    networks = load_frozen_surrogate()
    if not isinstance(networks, DynamicsSurrogate):
        pytest.skip("the shipped surrogate is a transformer of kinematics")
    return networks


@pytest.fixture(scope="module", params=["untrained", "shipped"])
def surrogate(request, simulator) -> SubjectSurrogate:
    return SubjectSurrogate(request.getfixturevalue(request.param), simulator)


@pytest.fixture(scope="module")
def trial() -> Tensor:
    """(T, 33) the demo person's trial, at 60 Hz, placed on the floor."""
    motion = read_motion(SESSION.trials[0])
    return torch.from_numpy(place(motion.coordinates, floor_height(SESSION, motion))[0])


@pytest.fixture(scope="module")
def squat(trial) -> Tensor:
    """(1, FRAMES, 33) a squat."""
    return trial[None, 60 : 60 + FRAMES]


def with_lifted_foot(motion: Tensor) -> Tensor:
    """The motion on the right leg, the left knee pulled up in every frame."""
    lifted = motion.clone()
    lifted[..., COORDINATE_INDEX["hip_flexion_l"]] += 50
    lifted[..., COORDINATE_INDEX["knee_angle_l"]] += 60
    return lifted


def test_simulated_moments_are_those_without_ground_reaction_less_what_the_simulated_one_takes(samples, simulator):
    """Of every joint but the toes', to which the map does not give the force on the toes."""
    simulated = samples.simulated()
    taken = (simulated["from_wrench"] @ simulated["wrench"][..., None])[..., 0]
    error_nm = (simulated["unloaded"] - taken - simulated["net_moments"]) * simulator.weight_n
    assert error_nm[..., :MTP].abs().max() < 0.15


def simulated_reaction(simulator: ActivationSimulator, motion: Tensor, dynamics: LegDynamics) -> GroundReaction:
    """What the simulation finds of a motion (1, T, 33), at the samples of its dynamics."""
    found = simulator(motion, FRAME_RATE_HZ)
    at = slice(None, None, FRAMES_A_SAMPLE)
    left_first = [part[0, at].flip(1) for part in (found.ground_forces, found.centres_of_pressure, found.free_moments)]
    force, centre, free = left_first
    moment = torch.linalg.cross(centre - dynamics.origin[:, None], force) + free
    wrench = torch.cat([torch.einsum("nax,nfx->nfa", dynamics.axes, part) for part in (force, moment)], -1)
    legs = [[simulator.coordinate_names.index(f"{name}_{side}") for name in LEG_COORDINATES] for side in SIDES]
    moments = torch.stack([found.moments[0, at][:, leg] for leg in legs], 1)
    wrench, moments = wrench / simulator.weight_n, moments / simulator.weight_n
    whole = torch.cat([dynamics.force, dynamics.moment], 1)
    share = wrench[..., 1] / wrench[..., 1].sum(1, keepdim=True)
    places = torch.einsum("nax,nfx->nfa", dynamics.axes, centre - dynamics.origin[:, None])[..., [0, 2]]
    return GroundReaction(wrench, whole - wrench.sum(1), share, moments, places, torch.zeros(len(wrench), 2, 13))


@pytest.mark.parametrize("lifted", [False, True])
def test_the_simulated_ground_reaction_before_the_filter_is_after_it_that_of_the_simulation(simulator, trial, lifted):
    """To what 15 samples a second know of it; of quick squats on feet that stand, or on one leg."""
    quick = trial[None, ::2]
    motion = with_lifted_foot(quick) if lifted else quick
    dynamics = MotionDynamics(simulator, torch.float64)
    sampling = dynamics.sampling(motion.shape[1])
    of_motion = dynamics(motion, sampling)
    unfiltered = deepcopy(simulator)
    unfiltered.settings = replace(simulator.settings, ground_cutoff_hz=np.inf)
    before, simulated = (simulated_reaction(one, motion, of_motion) for one in (unfiltered, simulator))
    after = filtered(before, of_motion, sampling.ground)

    def rms(reaction: GroundReaction, name: str) -> Tensor:
        difference = (getattr(reaction, name) - getattr(simulated, name))[3:-3]
        loaded = simulated.share[3:-3] > 0.1  # the pressure of a foot in the air has no meaning
        return (difference[loaded] if name == "pressure" else difference).square().mean().sqrt()

    for name in ("wrench", "moments", "pressure"):
        assert rms(before, name) > 0.005, name  # the filter does something
        assert rms(after, name) < 0.45 * rms(before, name), name


def test_a_filter_that_changes_nothing_leaves_the_ground_reaction_of_standing_feet_as_it_is(untrained, samples):
    batch = samples.read("repetitions", [0])
    dynamics = dynamics_of(batch)
    dynamics = dynamics._replace(contact=torch.ones_like(dynamics.contact))
    reaction = untrained.ground(dynamics, batch["capacity"])
    same = filtered(reaction, dynamics, torch.eye(len(dynamics.force)))
    for name in ("wrench", "residual", "share", "moments", "pressure"):
        torch.testing.assert_close(getattr(same, name), getattr(reaction, name), atol=1e-5, rtol=0, msg=name)


def test_both_feet_carry_the_whole_ground_reaction_less_the_residual(untrained, samples):
    batch = samples.read("repetitions", [0])
    dynamics = dynamics_of(batch)
    reaction = untrained.ground(dynamics, batch["capacity"])
    whole = torch.cat([dynamics.force, dynamics.moment], 1)
    torch.testing.assert_close(reaction.wrench.sum(1) + reaction.residual, whole, atol=1e-5, rtol=0)
    assert 1e-4 < reaction.residual.abs().max() < 0.1  # body weights, and these times metres
    torch.testing.assert_close(reaction.share.sum(1), torch.ones(len(whole)))
    assert reaction.share.min() >= 0
    assert reaction.share.std(0).min() > 0.01  # the weights do something


def test_joint_moments_are_exactly_those_of_the_wrenches_in_mixed_precision_too(untrained, samples):
    batch = samples.read("repetitions", [0])
    with torch.autocast("cpu", torch.bfloat16):
        reaction = untrained.ground(dynamics_of(batch), batch["capacity"])
    taken = torch.einsum("nljk,nlk->nlj", batch["from_wrench"], reaction.wrench)
    torch.testing.assert_close(reaction.moments[..., :-1], (batch["unloaded"] - taken)[..., :-1], atol=1e-5, rtol=0)


def test_what_the_network_says_of_the_toes_acts_on_their_joint_alone(untrained, samples):
    batch = samples.simulated()
    ground, dynamics = deepcopy(untrained.ground), dynamics_of(batch)
    before = ground(dynamics, batch["capacity"])
    toes = len(ground.sizes) - 6 - 1  # the last output before the residual's six
    with torch.no_grad():
        for network in ground.networks:
            network.layers[-1].bias[toes] += 0.5
    after = ground(dynamics, batch["capacity"])
    change = torch.zeros_like(before.moments)
    change[..., MTP] = 0.5 * ground.sizes[toes]
    torch.testing.assert_close(after.moments - before.moments, change, atol=1e-6, rtol=0)
    torch.testing.assert_close(after.wrench, before.wrench)


def test_a_motion_of_which_nothing_may_be_seen_is_seen_whole(surrogate, squat):
    """As of a window without a mask; others of its batch keep theirs."""
    mask = torch.ones(2, FRAMES, dtype=torch.bool)
    mask[0], mask[1, 100:] = False, False
    found = surrogate(squat.expand(2, -1, -1), mask)
    torch.testing.assert_close(found.activations[:1], surrogate(squat).activations, atol=1e-5, rtol=0)
    assert bool((found.activations[1, 100:] == found.activations[1, 99]).all())


def test_the_surrogate_answers_what_the_protocol_says(surrogate, squat):
    assert isinstance(surrogate, Surrogate)
    found = surrogate(squat.expand(2, -1, -1))
    assert found.activations.shape == (2, FRAMES, len(MUSCLES))
    assert ((found.activations >= 0) & (found.activations <= 1)).all()
    assert found.load_share.shape == (2, FRAMES, 2)
    assert found.moments.shape == (2, FRAMES, 2, len(LEG_COORDINATES))
    assert found.centres_of_pressure.shape == (2, FRAMES, 2, 3)
    assert (found.centres_of_pressure[..., 1] == 0).all()  # on the floor


def test_motions_of_a_batch_do_not_mix(surrogate, squat):
    other = squat.flip(1)
    together = surrogate(torch.cat([squat, other]))
    for alone, index in ((surrogate(squat), 0), (surrogate(other), 1)):
        for one, both in zip(alone, together, strict=True):
            torch.testing.assert_close(one[0], both[index], atol=1e-4, rtol=0)


def test_the_mirrored_motion_has_the_mirrored_answer(surrogate, squat):
    lopsided = squat.clone()
    lopsided[..., COORDINATE_INDEX["pelvis_tz"]] += 0.03 * torch.linspace(0, 1, FRAMES).square()
    lopsided[..., COORDINATE_INDEX["knee_angle_l"]] += 4
    found, mirrored = surrogate(lopsided), surrogate(mirror_motion(lopsided))
    torch.testing.assert_close(mirrored.activations, mirror_activations(found.activations), atol=2e-3, rtol=0)
    torch.testing.assert_close(mirrored.load_share, found.load_share.flip(-1), atol=2e-3, rtol=0)
    torch.testing.assert_close(mirrored.moments, found.moments.flip(-2), atol=5e-3, rtol=0)
    across = torch.tensor([1.0, 1.0, -1.0])
    centres = found.centres_of_pressure.flip(-2) * across
    torch.testing.assert_close(mirrored.centres_of_pressure, centres, atol=2e-3, rtol=0)
    assert (found.load_share[..., 0] - 0.5).abs().max() > 0.02


def test_heading_and_place_do_not_matter(surrogate, squat):
    elsewhere = Placement(np.array([2.0, 0.0, -3.0]), np.array(70.0))
    here, there = surrogate(squat), surrogate(torch.from_numpy(elsewhere.restore(squat[0].numpy()))[None])
    for name in ("activations", "load_share", "moments"):
        of_here, of_there = getattr(here, name), getattr(there, name)
        torch.testing.assert_close(of_there, of_here, atol=5e-3, rtol=0)  # of single precision, with fitted weights
    centres = np.zeros((2 * FRAMES, 33))  # moved as a pelvis would be
    centres[:, list(TRANSLATION_INDICES)] = here.centres_of_pressure[0].flatten(0, 1)
    moved = elsewhere.restore(centres)[:, list(TRANSLATION_INDICES)].reshape(1, FRAMES, 2, 3)
    torch.testing.assert_close(there.centres_of_pressure, torch.from_numpy(moved).float(), atol=2e-3, rtol=0)


def test_a_foot_in_the_air_carries_nothing(surrogate, squat):
    found = surrogate(with_lifted_foot(squat))
    assert found.load_share[..., 0].max() < 0.02


def _inner(values: Tensor) -> Tensor:
    return values[:, HALF_SECOND:-HALF_SECOND]


@pytest.mark.parametrize("shift", [1, 2, 3, 4])
def test_a_frame_has_the_same_answer_wherever_the_motion_begins(surrogate, trial, shift):
    first = trial[None, 60:260]
    found = surrogate(first).activations[:, shift + HALF_SECOND : -HALF_SECOND]
    moved = _inner(surrogate(first[:, shift:]).activations)
    torch.testing.assert_close(moved, found, atol=0.01, rtol=0)


@pytest.mark.parametrize("session", [SESSION, OTHER], ids=lambda session: session.id)
def test_a_frame_of_a_window_has_the_same_answer_however_long_the_person_stands_after_it(request, session):
    network = load_frozen_surrogate()
    if not isinstance(network, DynamicsSurrogate):
        network = request.getfixturevalue("untrained")
    surrogate = SubjectSurrogate(network, build_simulator(session.model_path))
    windows = load_windows([session], frames=WINDOW_FRAMES + 60).motion
    found = _inner(surrogate(windows).activations)
    for more in (3, 4, 60, 200):
        longer = torch.cat([windows, windows[:, -1:].expand(-1, more, -1)], 1)
        again = _inner(surrogate(longer).activations)[:, : found.shape[1]]
        torch.testing.assert_close(again, found, atol=0.005, rtol=0)


def test_a_frame_has_almost_the_same_answer_where_the_motion_breaks_off(surrogate, trial):
    """The torso's rotation carries what the filter lacks at an end in motion further than half a second.

    The toes' extensors, which react to a centre of pressure near the heels, differ by .022, the other muscles by less.
    """
    short, long = (_inner(surrogate(trial[None, 60:last]).activations) for last in (260, 460))
    torch.testing.assert_close(long[:, : short.shape[1]], short, atol=0.025, rtol=0)


def test_a_motion_that_is_resampled_and_back_has_the_same_answer(surrogate, trial):
    motion = trial[60:361].numpy()
    grid, fine = np.arange(301) / 60, np.arange(501) / 100

    def at(times: np.ndarray, known: np.ndarray, values: np.ndarray) -> np.ndarray:
        return np.stack([np.interp(times, known, column) for column in values.T], 1)

    again = torch.from_numpy(at(grid, fine, at(fine, grid, motion)))[None]
    found = surrogate(again).activations
    torch.testing.assert_close(_inner(found), _inner(surrogate(trial[None, 60:361]).activations), atol=0.02, rtol=0)


def test_gradients_are_those_of_finite_differences_where_muscles_have_what_is_demanded(untrained, simulator, squat):
    surrogate = SubjectSurrogate(untrained, simulator).double()
    torch.manual_seed(1)
    able = surrogate(squat).activations.detach() < 0.85
    assert able.double().mean() > 0.5
    weights = torch.randn(1, FRAMES, len(MUSCLES), dtype=torch.float64) * able
    time = torch.linspace(0, 3, FRAMES, dtype=torch.float64)[:, None]
    direction = (time * torch.rand(33, dtype=torch.float64) * 3).sin()[None]  # smooth, degrees
    direction[..., [COORDINATE_INDEX[f"pelvis_t{axis}"] for axis in "xyz"]] *= 0.01  # metres

    def value(motion: Tensor) -> Tensor:
        return (surrogate(motion).activations * weights).sum()

    motion = squat.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(value(motion), motion)
    step = 1e-5
    difference = (value(squat + step * direction) - value(squat - step * direction)) / (2 * step)
    untrained.float()
    assert torch.isfinite(gradient).all()
    torch.testing.assert_close((gradient * direction).sum(), difference.detach(), rtol=1e-4, atol=0)


def test_the_gradient_of_a_muscle_that_lacks_strength_is_that_of_the_demand():
    demand = torch.tensor([0.2, 0.7, 1.3, 4.0], dtype=torch.float64, requires_grad=True)
    clipped = rounded_clip(demand, 0.01)
    torch.testing.assert_close(clipped.detach(), demand.detach().clamp(max=1), atol=1e-3, rtol=0)
    (slope,) = torch.autograd.grad(clipped.sum(), demand)
    torch.testing.assert_close(slope, torch.ones_like(slope), atol=3e-3, rtol=0)
    logits = torch.tensor([-2.0, 0.0, 2.0, 5.0, 20.0], dtype=torch.float64, requires_grad=True)
    activations = demanding_sigmoid(logits)
    torch.testing.assert_close(activations, torch.sigmoid(logits))
    (slope,) = torch.autograd.grad(activations.sum(), logits)
    torch.testing.assert_close(slope, (activations * (1 - activations)).detach().clamp(min=0.09))


def test_what_is_fitted_is_what_the_rounded_bounds_make_the_activations_of():
    activations = torch.linspace(0.052, 0.998, 200, dtype=torch.float64)
    found = rounded_clip(unclipped(activations, lower=0.05), lower=0.05)
    torch.testing.assert_close(found, activations, atol=1e-4, rtol=0)


def test_muscles_that_are_not_needed_are_at_the_lower_bound(shipped, simulator):
    muscles = SubjectSurrogate(shipped, simulator).muscles
    reference, floor = muscles.reference, simulator.settings.activation_floor
    idle = reference.activations < floor + 1e-4
    assert idle.double().mean() > 0.1
    assert (muscles(reference.moments, reference.kinematics)[idle] - floor).median() < 0.002


def test_capacity_is_in_proportion_to_strength(simulator):
    muscles = simulator.muscles
    values = {name: getattr(muscles, name) for name in MuscleParameters._fields}
    values["max_isometric_force"] = 1.3 * values["max_isometric_force"]
    own, stronger = (moment_capacity(simulator.paths, m) for m in (muscles, Muscles(MuscleParameters(**values))))
    torch.testing.assert_close(stronger, 1.3 * own)
    assert own.min() >= 0


def test_muscles_share_simulated_moments_as_in_the_simulation_of_a_person_who_was_held_out(shipped, simulator, samples):
    """Root mean square error of each group of muscles, with the moments of the simulation."""
    muscles = SubjectSurrogate(shipped, simulator).muscles
    simulated = samples.simulated()
    found = muscles(simulated["net_moments"], LegKinematics(simulated["angles"], simulated["speeds"]))
    for group in ("vasti", "gluteus maximus", "two-joint hamstrings"):
        columns = [MUSCLES.index(f"{name}_l") for name in EVALUATED_GROUPS[group]]
        error = found[..., columns] - simulated["activations"][..., columns]
        assert error.square().mean().sqrt() < 0.03, group


def test_muscles_are_fitted_to_the_subject(shipped, simulator, samples):
    """Vasti that are half as strong again are less active by about as much."""
    own = SubjectSurrogate(shipped, simulator)
    stronger = build_simulator(SESSION.model_path)
    vasti = [index for index, name in enumerate(MUSCLES) if name.startswith("vas")]
    stronger.muscles.max_isometric_force[vasti] *= 1.5
    simulated = samples.simulated()
    kinematics = LegKinematics(simulated["angles"], simulated["speeds"])
    peaks = [
        one.muscles(simulated["net_moments"], kinematics)[:, 0, MUSCLES.index("vasmed_l")].max()
        for one in (own, SubjectSurrogate(shipped, stronger))
    ]
    assert peaks[0] / peaks[1] == pytest.approx(1.5, abs=0.2)


def test_a_leg_is_fitted_to_its_own_muscles(shipped, simulator, samples):
    """With stronger vasti on the left, those on the right are as active as before."""
    lopsided = build_simulator(SESSION.model_path)
    lopsided.muscles.max_isometric_force[[MUSCLES.index(f"vas{part}_l") for part in ("int", "lat", "med")]] *= 1.5
    simulated = samples.simulated()
    kinematics = LegKinematics(simulated["angles"], simulated["speeds"])
    before, after = (
        SubjectSurrogate(shipped, one).muscles(simulated["net_moments"], kinematics) for one in (simulator, lopsided)
    )
    torch.testing.assert_close(after[:, 1], before[:, 1])
    vasmed = MUSCLES.index("vasmed_l")
    assert before[:, 0, vasmed].max() > 1.3 * after[:, 0, vasmed].max()


@pytest.mark.parametrize("session", [SESSION, OTHER], ids=lambda session: session.id)
def test_squats_that_were_simulated_make_the_answer_for_the_persons_other_squats_better(untrained, session):
    simulator = build_simulator(session.model_path)
    own, general = (SubjectSurrogate(untrained, simulator) for _ in range(2))
    windows = load_windows([session], frames=FRAMES).motion[:4]
    simulated = simulator(windows.double(), 60.0).activations
    own.fit_to(windows[::2], simulated[::2])
    errors = [_inner(one(windows[1::2]).activations - simulated[1::2]).square().mean().sqrt() for one in (own, general)]
    assert errors[0] < 0.8 * errors[1]


def test_a_muscle_that_is_switched_off_has_no_activation(untrained, squat, tmp_path):
    text = SESSION.model_path.read_text()
    strength = r'(Muscle name="vasmed_r">.*?<max_isometric_force>)[^<]*'
    model = tmp_path / "weak_scaled.osim"
    model.write_text(re.sub(strength, r"\g<1>0", text, count=1, flags=re.S))
    simulator = build_simulator(model)
    activations = SubjectSurrogate(untrained, simulator)(squat).activations
    assert (activations[..., MUSCLES.index("vasmed_r")] == 0).all()
    assert (activations[..., MUSCLES.index("vasmed_l")] > 0).all()


def test_models_whose_paths_only_opensim_computes_have_the_same_capacity(untrained, simulator, squat):
    exact = build_simulator(SESSION.model_path, exact_paths=True)
    found, own = (SubjectSurrogate(untrained, one) for one in (exact, simulator))
    close = torch.isclose(found.muscles.capacity, own.muscles.capacity, rtol=0.02, atol=1e-3)
    assert (~close).sum() <= 1  # OpenSim's own wrapping jumps for a short head of biceps femoris at 135 degrees
    found.muscles.capacity.copy_(own.muscles.capacity)
    torch.testing.assert_close(found(squat).moments, own(squat).moments)  # nothing else depends on the paths


def test_the_feet_share_the_ground_reaction_as_the_muscles_can_bear_it(untrained, simulator, squat):
    own, weaker = (SubjectSurrogate(untrained, simulator) for _ in range(2))
    weaker.muscles.capacity.mul_(0.7)
    difference = (weaker(squat).moments - own(squat).moments).abs()
    assert difference.max() > 1e-3  # Nm/kg


def test_answers_are_close_to_the_labels_of_a_person_who_was_held_out(shipped, simulator, trial):
    """R2 over the frames of all shipped repetitions: vasti and soleus, moments in Nm/kg, and the share of each foot."""
    surrogate = SubjectSurrogate(shipped, simulator)
    predicted, time_s = surrogate(trial[None]), read_motion(SESSION.trials[0]).time_s
    mass_kg = simulator.weight_n / 9.80665
    found: dict[str, list[np.ndarray]] = {}
    for path in SESSION.squat_muscle_driven:
        labels = read_motion(path)
        moments = read_table(path.with_name(f"kinetics_{path.parent.name}.mot"))
        forces = read_table(path.with_name(f"forces_resultant_{path.parent.name}.mot"))
        rows = np.abs(time_s[:, None] - labels.time_s).argmin(0)
        for side, leg in (("l", 0), ("r", 1)):
            for name in ("vasmed", "vaslat", "vasint", "soleus"):
                column = MUSCLES.index(f"{name}_{side}")
                pair = predicted.activations[0, rows, column], labels.activations[:, column]
                found.setdefault(name, []).append(np.stack(pair))
            for name in ("hip_flexion", "knee_angle", "ankle_angle"):
                pair = (
                    predicted.moments[0, rows, leg, LEG_COORDINATES.index(name)],
                    moments.column(f"{name}_{side}_moment") / mass_kg,
                )
                found.setdefault(name, []).append(np.stack(pair))
        left, right = (forces.column(f"ground_force_{side}_vy") for side in "lr")
        for side, leg in (("l", 0), ("r", 1)):
            ahead_m = forces.column(f"ground_force_{side}_px")
            found.setdefault("pressure", []).append(np.stack([predicted.centres_of_pressure[0, rows, leg, 0], ahead_m]))
        found.setdefault("share", []).append(np.stack([predicted.load_share[0, rows, 0], left / (left + right)]))
    predicted_m, label_m = np.concatenate(found.pop("pressure"), 1)
    assert np.std(predicted_m - label_m) < 0.01  # the trial has been moved to the origin, the labels have not
    joined = {name: np.concatenate(pairs, 1) for name, pairs in found.items()}
    r2 = {name: _r2(*pair) for name, pair in joined.items() if pair[1].std() > 1e-3}  # idle muscles have none
    assert min(r2[name] for name in ("vasmed", "vaslat", "vasint", "hip_flexion", "knee_angle")) > 0.9, r2
    assert min(r2.values()) > 0.8, r2


def _r2(predicted: np.ndarray, true: np.ndarray) -> float:
    return 1 - float(np.mean((predicted - true) ** 2) / np.var(true))
