"""Evaluate how realistic a folder of motions is: the paper's Table 2, and extended distances to the reference.

    python calculate_wasserstein.py --file_type mot --folder_path output/mine/mot_visualization --baseline bige
    python calculate_wasserstein.py --file_type npy --fps 20 --folder_path path/to/arrays --subject path/to/session
    python calculate_wasserstein.py --file_type mot --folder_path path/to/mdm_baseline --data-root path/to/root

Prints the rows of the reference and of the folder, and writes both to <out-dir>/wasserstein_<row>.csv, .json, .tex and
.md, and a plot of the time-normalised curves of both to wasserstein_<row>_curves.png.
The exit status is 1 if something could not be evaluated, which is named, and 2 if nothing can be evaluated.
"""

import sys

from options.config_parser import parse_config
from options.evaluation_options import build_parser
from utils.cli import run
from utils.metrics.catalogue import DISTANCES, FLOOR
from utils.metrics.evaluation_config import EvaluationConfig


def main() -> None:
    config = parse_config(build_parser(__doc__, "wasserstein", [DISTANCES, FLOOR]), EvaluationConfig)

    from utils.metrics.evaluation import evaluate

    result = evaluate(config)
    print(result.text)
    if result.left_out:
        sys.exit(1)


if __name__ == "__main__":
    run(main)
