"""Arguments of render_mot.py."""

import argparse
from pathlib import Path

from options.config_parser import new_parser
from options.shared_options import positive_integer

IMAGES = (".png", ".jpg", ".jpeg", ".pdf", ".svg", ".tif", ".tiff")
VIDEOS = (".mp4", ".m4v", ".mov")
VIEWS = ("sagittal", "frontal", "oblique")


def build_parser(description: str) -> argparse.ArgumentParser:
    """The parser of render_mot.py; `--help` opens with `description`."""
    parser = new_parser(description)
    group = parser.add_argument_group("data")
    group.add_argument(
        "motions",
        nargs="+",
        metavar="MOT",
        help="Draw these motion files (.mot, .sto). Without --subject, the first of them is the session and "
        "the last, where it ends in .mp4 or .png, is what is written: <subject> <mot> <save>.",
    )
    group.add_argument(
        "--subject",
        metavar="SESSION",
        help="Draw this OpenCap session's model: the session's folder, or its id under the data root.",
    )
    group.add_argument(
        "--data-root",
        type=Path,
        metavar="DIR",
        help="Folder that holds Data/<session>/ or OpenCapData_<session>/; the default is $BIGE_DATA.",
    )
    group.add_argument(
        "--label",
        nargs="+",
        metavar="TEXT",
        help="Write these names, one a motion; the default is each file's name.",
    )
    group.add_argument(
        "--repetition",
        type=positive_integer,
        metavar="K",
        help="Draw only the K-th squat repetition of each motion; the default is the whole motion, and in an "
        "--image the first repetition where there is one.",
    )

    group = parser.add_argument_group("picture")
    group.add_argument(
        "--layout",
        choices=("side-by-side", "overlay"),
        default="side-by-side",
        help="Draw several motions beside one another or in one place.",
    )
    group.add_argument(
        "--view",
        nargs="+",
        choices=VIEWS,
        default=["sagittal"],
        help="Look from the person's right (sagittal), from the front, or from between; several views share a video, "
        "the first is an --image's.",
    )
    group.add_argument(
        "--compare",
        action="store_true",
        help="Draw the height of the hips at half cycle as a line, green for the first motion and red for the second.",
    )
    group.add_argument(
        "--size", type=picture_size, default=(1280, 720), metavar="WxH", help="Width and height of a video in pixels."
    )
    group.add_argument("--fps", type=frame_rate, default=60.0, help="Frames of a video a second.")
    group.add_argument(
        "--renderer",
        choices=("auto", "opengl", "stick"),
        default="auto",
        help="Draw bones with OpenGL, or a stick figure, which needs none; auto takes OpenGL where it works.",
    )

    group = parser.add_argument_group("body")
    group.add_argument(
        "--body",
        choices=("bones", "smpl"),
        default="bones",
        help="Draw the person's bones, or an SMPL body of the person's bone lengths that moves as the bones do.",
    )
    group.add_argument(
        "--smpl-model-dir",
        type=Path,
        metavar="DIR",
        help="Folder that holds SMPL_NEUTRAL.npz (or another of SMPL's bodies, or the file itself), which you download "
        "from https://smpl.is.tue.mpg.de under its licence.",
    )
    group.add_argument(
        "--trust-pickle",
        action="store_true",
        help="Also read an SMPL body from a .pkl file. That runs whatever code is in it: only for files that you know.",
    )

    group = parser.add_argument_group("output")
    group.add_argument("--save-path", type=Path, metavar="FILE.mp4", help="Write a video (.mp4, .m4v, .mov) here.")
    group.add_argument(
        "--image",
        type=Path,
        metavar="FILE.png",
        help="Write a figure of five phases of each motion's first repetition here (.png, .jpg, .tif, .pdf, .svg).",
    )
    group.add_argument("--overwrite", action="store_true", help="Replace a video or figure that is there already.")
    return parser


def parse(parser: argparse.ArgumentParser, words: list[str] | None = None) -> argparse.Namespace:
    """Parse, and sort out the positional form <subject> <mot> [<mot> ...] <save>."""
    arguments = parser.parse_args(words)
    if Path(arguments.motions[-1]).suffix.lower() in (*IMAGES, *VIDEOS):
        target = Path(arguments.motions.pop())
        name = "image" if target.suffix.lower() in IMAGES else "save_path"
        if getattr(arguments, name):
            parser.error(f"{target} and --{name.replace('_', '-')} both say where to write; leave one of them out")
        setattr(arguments, name, target)
    if arguments.subject is None and len(arguments.motions) > 1:
        arguments.subject = arguments.motions.pop(0)
    arguments.motions = [Path(path) for path in arguments.motions]
    if arguments.subject is None or not arguments.motions:
        parser.error("name a session and a motion: render_mot.py MOT --subject SESSION, or <subject> <mot> <save>")
    for path, kinds, flag in ((arguments.save_path, VIDEOS, "--save-path"), (arguments.image, IMAGES, "--image")):
        if path and path.suffix.lower() not in kinds:
            parser.error(f"{flag} {path}: the name must end in {', '.join(kinds)}")
    if not arguments.save_path and not arguments.image:
        parser.error("name what to write: --save-path FILE.mp4, --image FILE.png, or both")
    if arguments.body == "smpl" and not arguments.smpl_model_dir:
        parser.error(
            "--body smpl needs --smpl-model-dir DIR, the folder of SMPL_NEUTRAL.npz; "
            "download it at https://smpl.is.tue.mpg.de"
        )
    if arguments.body == "smpl" and arguments.renderer == "stick":
        parser.error("--renderer stick draws no surface; leave out --body smpl, or take another renderer")
    if arguments.body != "smpl" and (arguments.smpl_model_dir or arguments.trust_pickle):
        parser.error("--smpl-model-dir and --trust-pickle belong to --body smpl; add it, or leave them out")
    if arguments.compare and len(arguments.motions) < 2:
        parser.error("--compare compares the first two motions; name two")
    if arguments.label and len(arguments.label) != len(arguments.motions):
        parser.error(f"--label has {len(arguments.label)} names for {len(arguments.motions)} motions")
    return arguments


def picture_size(text: str) -> tuple[int, int]:
    """Width and height, such as 1280x720, for argparse."""
    try:
        width, height = (int(part) for part in text.lower().split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a size such as 1280x720") from None
    if not (64 <= width <= 7680 and 64 <= height <= 4320):
        raise argparse.ArgumentTypeError(f"{text} is not between 64x64 and 7680x4320 pixels")
    return width, height


def frame_rate(text: str) -> float:
    """Frames a second, 1 to 240, for argparse."""
    value = float(text)
    if not 1 <= value <= 240:
        raise argparse.ArgumentTypeError(f"{text} is not between 1 and 240 frames a second")
    return value
