"""Command line of segment_squats.py."""

import argparse

from options.config_parser import add_option, new_parser
from options.shared_options import add_session_options
from utils.segmentation.segmentation_config import SegmentationConfig


def build_parser(description: str) -> argparse.ArgumentParser:
    """The parser of segment_squats.py, under the script's docstring."""
    parser = new_parser(description)
    add_session_options(parser, "Segment")
    output = parser.add_argument_group("output")
    add_option(
        output, SegmentationConfig, "out_dir", metavar="DIR",
        help="Write to DIR/<session>/: <trial>_segment_<k>.mot at the trial's own rate, in degrees and metres, "
        "<trial>_segments.csv with times in seconds and depths in degrees, and <trial>_segments.png.",
    )  # fmt: skip
    add_option(
        output, SegmentationConfig, "overwrite",
        help="Replace repetitions and tables in DIR that hold something else, such as those of another session of the "
        "same name.",
    )  # fmt: skip
    return parser
