"""Export motions for other programs: Blender (BVH), the OpenCap viewer (JSON), OpenSim (.mot with beta columns).

    python export_mot.py output/mine/mot_visualization/*/entry_0_mine.mot --subject path/to/session --format bvh
    python export_mot.py squats1.mot --subject path/to/session --format json --out-dir output/exports
    python export_mot.py entry_0_mine.mot --format mot

Blender: File > Import > Motion Capture (.bvh), ticking Update Scene FPS, or else it plays at Blender's 24 frames a
second. OpenCap viewer: drop the .json on it, or `opencap-visualizer FILE.json -o video.mp4`.
"""

from options.export_mot_options import build_parser
from utils.cli import run


def main() -> None:
    arguments = build_parser(__doc__).parse_args()

    from dataset.errors import InputError
    from dataset.io.mot import read_motion, write_motion

    targets = {path: arguments.out_dir / f"{path.stem}.{arguments.format}" for path in arguments.motion}
    if len(set(targets.values())) < len(arguments.motion):
        raise InputError("two of the motions have one file name; export them to an --out-dir each")
    for target in targets.values():
        if target.exists():
            raise InputError(f"{target} is there already; name another --out-dir, or remove it")
    if arguments.format != "mot":
        model_path = model_of(arguments)
    for path, target in targets.items():
        motion = read_motion(path)
        if arguments.format == "mot":
            write_motion(target, motion, beta=True)
        elif arguments.format == "json":
            export_json(target, model_path, motion)
        else:
            export_bvh(target, model_path, motion, {"m": 1.0, "cm": 100.0}[arguments.unit])
        print(target)


def model_of(arguments):
    """The path of the subject's scaled model."""
    from dataset.errors import InputError
    from dataset.sessions import open_session

    if not arguments.subject:
        raise InputError(f"--format {arguments.format} needs the person's skeleton: name the session with --subject")
    return open_session(arguments.subject, arguments.data_root).model_path


def export_bvh(target, model_path, motion, unit_per_m: float) -> None:
    """Write `motion` of the model's skeleton as BVH; an uneven recording is resampled to its own mean rate."""
    import torch

    from dataset.io.bvh import write_bvh
    from dataset.opensim.model_reader import load_skeleton
    from dataset.windows.resample import resample
    from utils.export.animation import animate, bones_of

    skeleton = load_skeleton(model_path, torch.float64)
    even = resample(motion, motion.rate_hz)
    write_bvh(target, bones_of(skeleton, unit_per_m), 1.0 / even.rate_hz, *animate(skeleton, even, unit_per_m))


def export_json(target, model_path, motion) -> None:
    """Write `motion` of the model's bodies as the OpenCap viewer's JSON, at the motion's own time stamps."""
    import torch

    from dataset.opensim.model_reader import load_skeleton
    from dataset.opensim.opencap_viewer import write_visualizer_json
    from utils.export.animation import body_frames

    skeleton = load_skeleton(model_path, torch.float64)
    rotations, origins = body_frames(skeleton, motion)
    write_visualizer_json(target, model_path, skeleton.description, motion.time_s, rotations, origins)


if __name__ == "__main__":
    run(main)
