"""Measure forward and backward passes of both surrogates for 20 motions of 196 frames, on one thread.

    python benchmarks/surrogate.py
    python benchmarks/surrogate.py --osim MODEL.osim --frames 600

Weights are random where no checkpoint is named, which does not change the time. The transformer has the sizes of the
one that was shipped before: 96 channels, 3 layers, 4 heads, derivatives, stick figure and ground loads. Times are
processor time, the median of --repeats passes, in which the surrogates take turns. Each part of the surrogate after
inverse dynamics is also measured by itself, with the backward pass to its own inputs, so that the parts add up to a
little more than the whole.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark_parser import make_parser, run_benchmark

if TYPE_CHECKING:
    from torch import Tensor

    from models.surrogate.dynamics_surrogate import SubjectSurrogate

SHIPPED = "demo/shipped/Data/demo-person-040/OpenSimData/Model/Rajagopal2015_scaled.osim"
MOTIONS = 20


def squats(frames: int) -> "Tensor":
    """Squats (20, frames, 33) of different depth, degrees and metres."""
    import math

    import torch

    from models.conventions import COORDINATE_INDEX, FRAME_RATE_HZ

    phase = torch.arange(frames) / FRAME_RATE_HZ * math.pi
    bend = torch.linspace(60, 120, MOTIONS)[:, None] * phase.sin().square()
    motion = torch.zeros(MOTIONS, frames, len(COORDINATE_INDEX))
    for side in "lr":
        for name, share in (("knee_angle", 1.0), ("hip_flexion", 0.9), ("ankle_angle", 0.25)):
            motion[..., COORDINATE_INDEX[f"{name}_{side}"]] = share * bend
    motion[..., COORDINATE_INDEX["pelvis_tilt"]] = -0.3 * bend
    motion[..., COORDINATE_INDEX["pelvis_ty"]] = 0.9 - 0.0045 * bend
    return motion


def pass_ms(function: "Callable[..., Sequence[Any]]", inputs: "Sequence[Tensor]") -> tuple[float, float]:
    """Milliseconds of processor time forward and backward."""
    given = [value.detach().requires_grad_() for value in inputs]
    begin = time.process_time()
    outputs = [value for value in function(*given) if value.requires_grad]
    middle = time.process_time()
    sum(value.square().sum() for value in outputs).backward()
    return 1e3 * (middle - begin), 1e3 * (time.process_time() - middle)


def parts_of(
    surrogate: "SubjectSurrogate", motion: "Tensor"
) -> "dict[str, tuple[Callable[..., Sequence[Any]], Sequence[Tensor]]]":
    """The parts of the surrogate after inverse dynamics by name: a function and its inputs."""
    from models.surrogate.ground_sharing import filtered
    from models.surrogate.leg_dynamics import LegDynamics, LegKinematics

    sampling = surrogate.dynamics.sampling(motion.shape[1])
    dynamics = surrogate.dynamics(motion, sampling)
    kinematics = surrogate.dynamics.kinematics(motion, sampling, None)

    def reaction_of(*given: Any) -> Any:
        dynamics = LegDynamics(*given)
        return filtered(surrogate.networks.ground(dynamics, surrogate.muscles.capacity), dynamics, sampling.ground)

    return {
        "inverse dynamics": (lambda given: surrogate.dynamics(given, sampling), [motion]),
        "feet share": (reaction_of, list(dynamics)),
        "angles, speeds": (lambda given: surrogate.dynamics.kinematics(given, sampling, None), [motion]),
        "muscles share": (
            lambda samples, *given: [
                surrogate.activations(surrogate.to_frames(samples, sampling), LegKinematics(*given))
            ],
            [reaction_of(*dynamics).moments, *kinematics],
        ),
    }


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--osim", type=Path, metavar="OSIM", help="Scaled model; default: of a shipped demo person.")
    parser.add_argument(
        "--surrogate", type=Path, metavar="PATH", help="Checkpoint after inverse dynamics; default: the default sizes."
    )
    parser.add_argument("--frames", type=int, default=196, metavar="T", help="Frames of each motion (default: 196).")
    parser.add_argument("--repeats", type=int, default=15, metavar="N", help="Passes of each (default: 15).")
    arguments = parser.parse_args()

    import torch
    from torch import Tensor

    from dataset.locations import REPOSITORY
    from dataset.opensim.model_reader import load_skeleton
    from models.surrogate.dynamics_surrogate import DynamicsSurrogate, SubjectSurrogate
    from models.surrogate.kinematic_surrogate import KinematicSurrogate
    from models.surrogate.surrogate_config import SurrogateConfig
    from models.surrogate.transformer import SurrogateTransformer
    from utils.checkpoints import load_surrogate
    from utils.simulation.simulators import build_simulator

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    osim = arguments.osim or REPOSITORY / SHIPPED
    config = SurrogateConfig(
        d_model=96, layers=3, heads=4, feedforward=256, derivatives=True, stick_figure=True, ground_loads=True
    )
    transformer = KinematicSurrogate(SurrogateTransformer(config), load_skeleton(osim).anthropometry)
    networks = DynamicsSurrogate() if arguments.surrogate is None else load_surrogate(arguments.surrogate)
    if not isinstance(networks, DynamicsSurrogate):
        parser.error(f"{arguments.surrogate} is no surrogate after inverse dynamics")
    surrogate = SubjectSurrogate(networks, build_simulator(osim))
    for one in (transformer, surrogate):
        one.eval().requires_grad_(False)
    motion = squats(arguments.frames)
    timed: dict[str, tuple[Callable[..., Sequence[Any]], Sequence[Tensor]]] = {
        "transformer": (lambda given: [transformer(given).activations], [motion]),
        "after inverse dynamics": (surrogate, [motion]),
        **{f"  {name}": part for name, part in parts_of(surrogate, motion).items()},
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in timed}
    for _ in range(arguments.repeats + 1):
        for name, (function, inputs) in timed.items():
            found[name].append(pass_ms(function, inputs))
    print(f"{MOTIONS} x {arguments.frames} frames        forward ms  backward ms  both ms  of the transformer's")
    medians = {
        name: [statistics.median(values) for values in zip(*rows[1:], strict=True)] for name, rows in found.items()
    }
    for name, (forward, backward) in medians.items():
        share = (forward + backward) / sum(medians["transformer"])
        print(f"{name:24} {forward:14.1f}  {backward:11.1f}  {forward + backward:7.1f}  {share:20.2f}")


if __name__ == "__main__":
    run_benchmark(main)
