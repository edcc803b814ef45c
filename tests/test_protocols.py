"""The interfaces of skeleton, surrogate and simulator hold for their implementations and for the tests' own ones."""

import inspect
from pathlib import Path

import pytest
from bodies import SimpleSkeleton, SimpleSurrogate

from dataset.opensim.model_reader import load_skeleton
from dataset.sessions import open_session
from models.muscles.static_optimization import ActivationSimulator
from models.protocols import Simulator, Skeleton, Surrogate
from models.surrogate.dynamics_surrogate import SubjectSurrogate
from models.surrogate.kinematic_surrogate import KinematicSurrogate
from utils.metrics.posed_skeleton import PosedSkeleton, SkeletonPerMotion
from utils.simulation.simulators import build_simulator

DEMO_PERSON = Path(__file__).resolve().parents[1] / "demo/shipped/Data/demo-person-040"


def test_skeletons():
    skeleton = load_skeleton(open_session(DEMO_PERSON).model_path)
    assert isinstance(skeleton, Skeleton)
    assert isinstance(SimpleSkeleton(), Skeleton)
    assert isinstance(PosedSkeleton(skeleton, {}), Skeleton)
    assert isinstance(SkeletonPerMotion([skeleton]), Skeleton)


def test_simulator():
    assert isinstance(build_simulator(open_session(DEMO_PERSON).model_path), Simulator)


@pytest.mark.parametrize(
    ("protocol", "implementation"),
    [
        (Surrogate.__call__, SubjectSurrogate.forward),
        (Surrogate.__call__, KinematicSurrogate.forward),
        (Surrogate.__call__, SimpleSurrogate.__call__),
        (Simulator.__call__, ActivationSimulator.forward),
        *(
            (getattr(Skeleton, method), getattr(skeleton, method))
            for skeleton in (SimpleSkeleton, PosedSkeleton, SkeletonPerMotion)
            for method in ("bodies", "joint_centres", "contact_points")
        ),
    ],
)
def test_calls_have_the_arguments_of_the_protocol(protocol, implementation):
    arguments = [name for name in inspect.signature(protocol).parameters if name != "self"]
    assert [name for name in inspect.signature(implementation).parameters if name != "self"] == arguments
