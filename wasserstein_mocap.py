"""Evaluate the recorded squats of a data root by the metrics of calculate_wasserstein.py (the paper's row MoCap).

    python wasserstein_mocap.py --file_type mot --folder_path path/to/opencap/Data
    python wasserstein_mocap.py --file_type mot --folder_path path/to/opencap/Data --reference path/to/simulated

The inverse-kinematics trials of each session are cut into repetitions and compared with muscle-driven repetitions, by
default those of the same data root. Prints and writes as calculate_wasserstein.py does, to wasserstein_mocap.* in
<out-dir>.
"""

import sys
from dataclasses import replace

from options.config_parser import parse_config
from options.evaluation_options import build_parser
from utils.cli import run
from utils.metrics.catalogue import DISTANCES, FLOOR
from utils.metrics.evaluation_config import EvaluationConfig


def main() -> None:
    parser = build_parser(
        __doc__, "wasserstein", [DISTANCES, FLOOR], file_types=["mot"],
        file_type_help="Kept for the published command; the trials are always OpenCap's .mot files.", baseline=False,
    )  # fmt: skip
    config = parse_config(parser, EvaluationConfig)

    from utils.metrics.evaluation import evaluate

    # `mot` says that the trials are motion files; the layout of the folder is that of a data root.
    result = evaluate(replace(config, file_type="mocap"))
    print(result.text)
    if result.left_out:
        sys.exit(1)


if __name__ == "__main__":
    run(main)
