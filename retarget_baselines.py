"""Turn what a motion generator made into OpenSim motions of a person, by inverse kinematics on the person's skeleton.

    python retarget_baselines.py --type mdm --input results.npy --subject path/to/session --exp-name MDM
    python retarget_baselines.py --type t2m --input joints.npy --subject d66330dc-7884 --data-root path/to/MCS_DATA
    python retarget_baselines.py --type humanml --input new_joint_vecs/ --subject path/to/session
    python retarget_baselines.py --export-joints --fps 20 --subject path/to/session --trial squats1

Writes <out-dir>/<exp-name>/mot_visualization/latents_subject_run_<session>/entry_<j>_<exp-name>.mot at 60 Hz, standing
on the floor at the origin, with summary.json. The person's bones take the source's directions; the table says how far
the joints then are from there. Nothing is repaired: feet that slide or float in the source still do. --export-joints
writes <out-dir>/<exp-name>/joints_<session>/<trial>.npy. Exit status 1: a motion does not fit; 2: one cannot be used.
"""

import sys
from copy import deepcopy

from options.retarget_baselines_options import build_parser
from options.shared_options import run_folder
from utils.cli import run


def main() -> None:
    parser = build_parser(__doc__)
    arguments = parser.parse_args()
    if not arguments.export_joints and not (arguments.type and arguments.input):
        parser.error("give --type and --input, or --export-joints")
    if (arguments.mean is None) != (arguments.std is None):
        parser.error("--mean and --std go together")
    if arguments.mean and arguments.type != "humanml":
        parser.error("--mean and --std belong to --type humanml")

    from dataset.opensim.model_reader import load_skeleton
    from dataset.sessions import open_session
    from models.skeleton.body_joints import BodyJoints
    from utils.runs.environment import choose_device, set_threads

    set_threads(arguments.threads)
    session = open_session(arguments.subject, arguments.data_root)
    of_skeleton = arguments.export_joints or arguments.type == "joints"
    joints_of = arguments.joints_of or ("skeleton" if of_skeleton else "body-model")
    kind = {"skeleton": "centres", "body-model": "template"}[joints_of]
    # A copy: the floor is found on the CPU, on the one that is shared.
    body = BodyJoints(deepcopy(load_skeleton(session.model_path)).to(choose_device(arguments.device)), kind)
    if arguments.export_joints:
        export(arguments, session, body)
    else:
        retarget_all(arguments, session, body)


def retarget_all(arguments, session, body) -> None:
    """Read, fit, write; leave with status 1 where a motion does not fit, 2 where one cannot be used."""
    from tqdm import tqdm

    from dataset.errors import InputError
    from dataset.io.atomic_write import write_json
    from dataset.io.mot import write_motion
    from dataset.io.motion_generators import Normalisation, read_baseline
    from utils.retargeting.joint_retargeting import retarget
    from utils.runs.record import save_arguments
    from utils.runs.run_folder import RunFolder

    normalisation = Normalisation.read(arguments.mean, arguments.std) if arguments.mean else None
    source = read_baseline(
        arguments.input, arguments.type, rate_hz=arguments.fps, unit=arguments.unit, normalisation=normalisation
    )
    if not source.clips:
        raise InputError("no motion can be used: " + "; ".join(source.refused or [f"{arguments.input} holds none"]))
    folder = RunFolder(run_folder(arguments), session.id)
    folder.prepare(arguments.overwrite)
    save_arguments(arguments, folder.run, f"retarget_args_{session.id}.json")
    motions = []
    for j, clip in enumerate(tqdm(source.clips, desc=session.id, unit="motion", disable=None)):
        motion, figures = retarget(clip, body, session)
        figures["file"] = f"entry_{j}_{folder.run.name}.mot"
        figures["fits"] = (
            figures["joint_error_mean_mm"] <= arguments.max_mean_mm
            and figures["joint_error_p95_mm"] <= arguments.max_p95_mm
        )
        write_motion(folder.motions / figures["file"], motion)
        motions.append(figures)
    summary = {
        "session": session.id,
        "type": arguments.type,
        "joints_of": {"centres": "skeleton", "template": "body-model"}[body.kind],
        "input": str(arguments.input),
        "fits_where": {"mean_mm_at_most": arguments.max_mean_mm, "p95_mm_at_most": arguments.max_p95_mm},
        "fitting": sum(row["fits"] for row in motions),
        "motions": motions,
        "refused": source.refused,
    }
    write_json(folder.motions / "summary.json", summary)
    print(table(motions))
    print(f"{summary['fitting']} of {len(motions)} motions fit; {folder.motions}")
    if source.refused:
        raise InputError(f"{len(source.refused)} motion(s) could not be used: " + "; ".join(source.refused))
    if summary["fitting"] < len(motions):
        sys.exit(1)


def table(motions: list[dict]) -> str:
    """The fits for a person to read."""
    head = f"{'motion':<32}{'s':>6}{'mean mm':>9}{'95 % mm':>9}{'max mm':>8}  {'worst joint':<16}{'bones stretch':>13}"
    rows = [
        f"{row['file']:<32}{row['duration_s']:>6.1f}{row['joint_error_mean_mm']:>9.1f}{row['joint_error_p95_mm']:>9.1f}"
        f"{row['joint_error_max_mm']:>8.1f}  {row['worst_joint']:<16}{row['bone_stretch_percent']:>11.1f} %"
        + ("" if row["fits"] else "  does not fit")
        for row in motions
    ]
    return "\n".join([head, *rows])


def export(arguments, session, body) -> None:
    """Write the joints of the person's own trials."""
    import numpy

    from dataset.errors import InputError
    from dataset.io.atomic_write import atomic_write
    from dataset.io.mot import read_motion
    from dataset.io.motion_generators import GENERATOR_RATE_HZ
    from dataset.windows.resample import resample
    from utils.retargeting.joint_retargeting import export_joints

    trials = [session.trial(name) for name in arguments.trial] if arguments.trial else session.squat_trials
    if not trials:
        raise InputError(f"{session.path}: no motion file (*.mot) in OpenSimData/Kinematics")
    for path in trials:
        target = run_folder(arguments) / f"joints_{session.id}" / f"{path.stem}.npy"
        if target.exists() and not arguments.overwrite:
            raise InputError(f"{target} is there already; give --overwrite or another --exp-name")
        motion = resample(read_motion(path), arguments.fps or GENERATOR_RATE_HZ)
        joints = export_joints(motion, body, session)
        with atomic_write(target) as temporary:
            numpy.save(temporary, joints)
        print(f"{target}: {len(joints)} frames at {motion.rate_hz:g} Hz")


if __name__ == "__main__":
    run(main)
