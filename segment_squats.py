"""Cut the squat trials of an OpenCap session into repetitions, each from upright stance to upright stance.

    python segment_squats.py --subject path/to/session
    python segment_squats.py --subject d66330dc-7884-4915-9dbb-0520932294c4 --data-root path/to/MCS_DATA --trial SQT01

Writes <out-dir>/<session>/: <trial>_segment_<k>.mot, <trial>_segments.csv and <trial>_segments.png, which shows the
trial with its repetitions shaded, and the reason where a trial, or a part of it, is left out. The exit status is 1
where a trial was left out, which the printed table names, and 2 where no trial holds a repetition.
"""

import sys

from dataset.left_out import is_complete, left_out_table
from options.config_parser import parse_config
from options.segment_squats_options import build_parser
from utils.cli import run
from utils.segmentation.segmentation_config import SegmentationConfig


def main() -> None:
    config = parse_config(build_parser(__doc__), SegmentationConfig)

    from utils.segmentation.segment_session import segment_session

    result = segment_session(config)
    for table in result.tables.values():
        if len(table):
            print(table.to_string(index=False, float_format="%.2f"))
    print(f"{result.repetitions} repetitions in {len(result.tables)} trial(s), written to {result.folder}")
    if result.left_out:
        print(left_out_table(result.left_out))
    if not is_complete(result.left_out):
        sys.exit(1)


if __name__ == "__main__":
    run(main)
