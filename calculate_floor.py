"""Evaluate the floor contact of a folder of motions: penetration, floating and sliding of joint centres and of soles.

    python calculate_floor.py --folder_path output/mine/mot_visualization
    python calculate_floor.py --folder_path path/to/opencap/Data --file_type mocap
    python calculate_floor.py --folder_path path/to/motions --subject path/to/session

Prints the rows of the reference and of the folder, and writes both to <out-dir>/floor_<row>.csv, .json, .tex and .md.
The metrics need the subjects' models. The exit status is 1 if some subject has none, and 2 if no subject has one.
"""

import sys

from options.config_parser import parse_config
from options.evaluation_options import build_parser
from utils.cli import run
from utils.metrics.catalogue import FLOOR
from utils.metrics.evaluation_config import EvaluationConfig


def main() -> None:
    config = parse_config(build_parser(__doc__, "floor", [FLOOR]), EvaluationConfig)

    from utils.metrics.evaluation import evaluate

    result = evaluate(config)
    print(result.text)
    if result.left_out:
        sys.exit(1)


if __name__ == "__main__":
    run(main)
