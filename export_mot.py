"""Export motions for other programs: Blender (BVH), the OpenCap viewer (JSON), OpenSim (.mot, or a whole simulation).

    python export_mot.py output/mine/mot_visualization/*/entry_0_mine.mot --subject path/to/session --format bvh
    python export_mot.py squats1.mot --subject path/to/session --format json --out-dir output/exports
    python export_mot.py entry_0_mine.mot --format mot
    python export_mot.py entry_0_mine.mot --subject path/to/session --format opensim

In Blender, use File > Import > Motion Capture (.bvh) and tick Update Scene FPS; otherwise the motion plays at Blender's
24 frames per second. The OpenCap viewer opens the .json when it is dropped on it; `opencap-visualizer FILE.json -o
video.mp4` makes a video of it. The folder of `--format opensim` holds model, motion, ground reaction forces, and
set-ups with which OpenSim's own tools repeat the simulation; its README says how.
"""

from options.config_parser import parse_config
from options.export_mot_options import build_parser
from utils.cli import run
from utils.export.export_config import ExportConfig


def main() -> None:
    config = parse_config(build_parser(__doc__), ExportConfig)

    from utils.export.motion_export import export_motions

    for path in export_motions(config).paths:
        print(path)


if __name__ == "__main__":
    run(main)
