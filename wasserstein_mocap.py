"""How real motion capture is by the same measures: Table 2 for the recorded squats of a data root's sessions.

    python wasserstein_mocap.py --file_type mot --folder_path path/to/opencap/Data
    python wasserstein_mocap.py --file_type mot --folder_path path/to/opencap/Data --reference path/to/simulated

The inverse-kinematics trials of each session are cut into repetitions and compared with muscle-driven repetitions: the
root's own where it has any. Prints and writes as calculate_wasserstein.py does, to <out>/wasserstein_mocap.*.
"""

from options.evaluation_options import build_parser
from utils.cli import run


def main() -> None:
    arguments = build_parser(__doc__, file_types=("mot",), baseline=False, features=True).parse_args()
    arguments.file_type = "mocap"  # `mot` says that the trials are motion files; here they are a data root's sessions

    from utils.metrics.catalogue import DISTANCES, FLOOR
    from utils.metrics.evaluation_report import evaluate_and_report

    evaluate_and_report(arguments, "wasserstein", (DISTANCES, FLOOR))


if __name__ == "__main__":
    run(main)
