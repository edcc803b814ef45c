"""Draw motions on a subject's skeleton: a video, a figure of five phases, or both. Needs no display and no GPU.

    python render_mot.py entry_0.mot --subject path/to/session --save-path entry_0.mp4
    python render_mot.py entry_0.mot own_0.mot --subject path/to/session --compare --save-path both.mp4
    python render_mot.py entry_0.mot --subject path/to/session --view oblique --image phases.png
    python render_mot.py entry_0.mot --subject path/to/session --body smpl --smpl-model-dir path/to/smpl --image a.png
    python render_mot.py path/to/session entry_0.mot entry_0.mp4

The last form is <subject> <mot> <output>. Bones are read from the session's OpenSimData/Model/Geometry, or else from
the set that comes with the nimblephysics package. Muscles are drawn, coloured by activation, where the motion file
holds activations.
"""

from options.render_mot_options import build_parser, parse_render
from utils.cli import run


def main() -> None:
    config = parse_render(build_parser(__doc__))

    from utils.rendering.render_motions import render

    for path in render(config).files:
        print(path)


if __name__ == "__main__":
    run(main)
