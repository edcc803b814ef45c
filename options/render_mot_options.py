"""Command line of render_mot.py."""

import argparse
from collections.abc import Sequence

from dataset.plain_numbers import plain_integer
from options.config_parser import add_option, config_of, new_parser
from options.shared_options import MODEL_HELP
from utils.rendering.camera import VIEWS
from utils.rendering.render_config import BODIES, IMAGE_SUFFIXES, LAYOUTS, RENDERERS, VIDEO_SUFFIXES, RenderConfig


def build_parser(description: str) -> argparse.ArgumentParser:
    """The parser of render_mot.py, under the script's docstring."""
    parser = new_parser(description)
    _add_data_options(parser.add_argument_group("data"))
    _add_picture_options(parser.add_argument_group("picture"))
    _add_body_options(parser.add_argument_group("body"))
    _add_output_options(parser.add_argument_group("output"))
    return parser


def parse_render(parser: argparse.ArgumentParser, arguments: Sequence[str] | None = None) -> RenderConfig:
    """Parse the command line (or `arguments`), including the positional form `<subject> <mot> [<mot> ...] <output>`.

    Raises:
        InputError: values do not go together.
    """
    parsed = parser.parse_args(arguments)
    last = parsed.motions[-1]
    if last.suffix.lower() in (*IMAGE_SUFFIXES, *VIDEO_SUFFIXES):
        name = "image" if last.suffix.lower() in IMAGE_SUFFIXES else "save_path"
        if getattr(parsed, name):
            flag = f"--{name.replace('_', '-')}"
            parser.error(f"{last} and {flag} {getattr(parsed, name)} are both outputs; leave one of them out")
        setattr(parsed, name, parsed.motions.pop())
    if parsed.subject is None and len(parsed.motions) > 1:
        parsed.subject = str(parsed.motions.pop(0))
    if parsed.subject is None or not parsed.motions:
        parser.error("name a session and a motion: render_mot.py MOT --subject SESSION, or <subject> <mot> <output>")
    return config_of(parsed, RenderConfig)


def picture_size(text: str) -> tuple[int, int]:
    """Width and height in pixels from a text such as 1280x720, for argparse."""
    before, _, after = text.lower().partition("x")
    width, height = plain_integer(before), plain_integer(after)
    if width is None or height is None:
        raise argparse.ArgumentTypeError(f"{text} is not a size such as 1280x720")
    return width, height


def _add_data_options(group: argparse._ArgumentGroup) -> None:
    add_option(
        group, RenderConfig, "motions", flags=["motions"], metavar="MOT",
        help="Draw these motion files (.mot, .sto). Without --subject, the first one is read as the session; the last "
        "one is written if it ends in .mp4, .png or another suffix of a video or image: <subject> <mot> <output>.",
    )  # fmt: skip
    group.add_argument(
        "--subject",
        metavar="SESSION",
        help="Draw on the model of this OpenCap session: its folder, or its id under the data root.",
    )
    add_option(
        group, RenderConfig, "data_root", metavar="DIR",
        help="Folder that holds Data/<session>/ or OpenCapData_<session>/; the default is $BIGE_DATA.",
    )  # fmt: skip
    add_option(group, RenderConfig, "model", metavar="OSIM", help=MODEL_HELP)
    add_option(
        group, RenderConfig, "label", metavar="TEXT",
        help="Names to write beside the motions, one per motion; the default is the name of each file.",
    )  # fmt: skip
    add_option(
        group, RenderConfig, "repetition", metavar="K",
        help="Draw only the K-th squat repetition of each motion, counted from 1. By default a video shows the whole "
        "motion, and an --image shows its first repetition.",
    )  # fmt: skip


def _add_picture_options(group: argparse._ArgumentGroup) -> None:
    add_option(
        group, RenderConfig, "layout", choices=LAYOUTS,
        help="Draw several motions side by side, or all of them in one place.",
    )  # fmt: skip
    add_option(
        group, RenderConfig, "view", choices=tuple(VIEWS),
        help="Look from the subject's right (sagittal), from the front (frontal), or from between (oblique). A video "
        "shows all views that are named, an --image the first one.",
    )  # fmt: skip
    add_option(
        group, RenderConfig, "compare",
        help="Draw a line at the height of the hips at half of the repetition, green for the first motion and red for "
        "the second.",
    )  # fmt: skip
    add_option(
        group, RenderConfig, "size", type=picture_size, nargs=None, metavar="WxH",
        help="Width and height of a video in pixels, 64x64 to 7680x4320; the default is 1280x720.",
    )  # fmt: skip
    add_option(group, RenderConfig, "fps", metavar="HZ", help="Frame rate of a video in frames per second, 1 to 240.")
    add_option(
        group, RenderConfig, "renderer", choices=RENDERERS,
        help="Draw bones and muscles with OpenGL, or a stick figure, which needs no OpenGL; auto takes OpenGL where it "
        "works.",
    )  # fmt: skip


def _add_body_options(group: argparse._ArgumentGroup) -> None:
    add_option(
        group, RenderConfig, "body", choices=BODIES,
        help="Draw the subject's bones, or an SMPL body that has the subject's bone lengths and follows the skeleton.",
    )  # fmt: skip
    add_option(
        group, RenderConfig, "smpl_model_dir", metavar="DIR",
        help="Folder that holds SMPL_NEUTRAL.npz (or another SMPL body), or the file itself. Download it from "
        "https://smpl.is.tue.mpg.de under its licence.",
    )  # fmt: skip
    add_option(
        group, RenderConfig, "trust_pickle",
        help="Also read an SMPL body from a .pkl file. Reading it runs any code that the file holds, so use this only "
        "for files from a source that you trust.",
    )  # fmt: skip


def _add_output_options(group: argparse._ArgumentGroup) -> None:
    add_option(group, RenderConfig, "save_path", metavar="FILE.mp4", help="Write a video here (.mp4, .m4v, .mov).")
    add_option(
        group, RenderConfig, "image", metavar="FILE.png",
        help="Write a figure of five phases of each motion's first repetition here (.png, .jpg, .tif, .pdf, .svg).",
    )  # fmt: skip
    add_option(group, RenderConfig, "overwrite", help="Replace a video or figure that already exists.")
