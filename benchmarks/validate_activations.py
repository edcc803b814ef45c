"""Compare the simulation by static optimisation with OpenCap's own simulations and with force plates.

    python benchmarks/validate_activations.py RECORDINGS

RECORDINGS is a folder that holds opencap/Data/ with field-subject0 (simulated repetitions in OpenSimData/Dynamics) and
lab-subject4 (force plates in ForceData).
"""

from pathlib import Path

from benchmark_parser import make_parser

GROUPS = {"symmetric": ("Squats_0_1", "Squats_0_2"), "asymmetric": ("Asym_0_1", "Asym_0_2")}
SHOWN = ("vasmed", "vaslat", "vasint", "soleus", "gasmed", "glmax2", "semimem", "bflh", "recfem", "glmed2", "tibant")


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("recordings", type=Path, metavar="RECORDINGS", help="Folder with the recordings, see above.")
    arguments = parser.parse_args()

    import numpy as np
    import torch

    from dataset.io.mot import read_motion
    from dataset.io.opensim_table import read_table
    from dataset.sessions import open_session
    from models.conventions import MUSCLE_INDEX, MUSCLES
    from utils.simulation.simulators import build_simulator

    torch.set_num_threads(1)
    cache, root = Path("output/cache"), arguments.recordings / "opencap" / "Data"

    session = open_session(root / "field-subject0")
    simulator = build_simulator(session.model_path, cache)
    pairs = {}
    for name in sum(GROUPS.values(), ()):
        reference = read_motion(session.path / "OpenSimData/Dynamics" / name / "kinematics_activations.mot")
        motion = read_motion(session.trial(name[:-2]))
        first, last = np.searchsorted(motion.time_s, (reference.time_s[0] - 1, reference.time_s[-1] + 1))
        motion = motion.cut(int(first), int(last))
        with torch.no_grad():
            ours = simulator(torch.tensor(motion.coordinates)[None], motion.rate_hz).activations[0].numpy()
        ours = np.stack([np.interp(reference.time_s, motion.time_s, ours[:, i]) for i in range(len(MUSCLES))], 1)
        pairs[name] = ours, reference.activations
    print("activations against OpenCap's own simulations of field-subject0, r / RMSE, both sides")
    print(f"{'':<10}{'symmetric':>16}{'asymmetric':>16}{'all four':>16}")
    for muscle in SHOWN:
        sides = [MUSCLE_INDEX[f"{muscle}_{side}"] for side in "lr"]
        cells = []
        for names in (*GROUPS.values(), tuple(pairs)):
            ours, theirs = (np.concatenate([pairs[n][k][:, sides].ravel() for n in names]) for k in (0, 1))
            rmse = np.sqrt(np.mean((ours - theirs) ** 2))
            cells.append(f"{np.corrcoef(ours, theirs)[0, 1]:.3f} / {rmse:.3f}")
        print(f"{muscle:<10}" + "".join(f"{cell:>16}" for cell in cells))

    session = open_session(root / "lab-subject4")
    simulator = build_simulator(session.model_path, cache)
    print("\nvertical force against force plates, lab-subject4, RMSE in % of body weight")
    for trial in ("squats1", "squatsAsym1"):
        motion = read_motion(session.trial(trial))
        plates = read_table(session.path / "ForceData" / f"{trial}_grf.mot")
        with torch.no_grad():
            forces = simulator(torch.tensor(motion.coordinates)[None], motion.rate_hz).ground_forces[0, :, :, 1].numpy()
        columns = [plates.column(f"ground_force_{k}_vy") for k in (1, 2)]
        measured = np.stack([np.interp(motion.time_s, plates.time_s, column) for column in columns], 1)
        inner = slice(20, -20)
        errors = [100 * np.sqrt(np.mean((forces - measured)[inner, foot] ** 2)) / simulator.weight_n for foot in (0, 1)]
        total = 100 * np.sqrt(np.mean((forces - measured)[inner].sum(1) ** 2)) / simulator.weight_n
        print(f"{trial:<12} total {total:.1f}, right foot {errors[0]:.1f}, left foot {errors[1]:.1f}")


if __name__ == "__main__":
    main()
