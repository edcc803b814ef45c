"""How motions meet the floor: penetration, floating and sliding, of joint centres as published and of the soles.

    python calculate_floor.py --folder_path output/mine/mot_visualization
    python calculate_floor.py --folder_path path/to/opencap/Data --file_type mocap
    python calculate_floor.py --folder_path path/to/motions --subject path/to/session

Prints the reference's row and the folder's, and writes both to <out>/floor_<row>.csv, .json, .tex and .md. Needs the
subjects' models; leaves with status 1 where some have none, and with 2 where none has.
"""

from options.evaluation_options import build_parser
from utils.cli import run


def main() -> None:
    arguments = build_parser(__doc__).parse_args()

    from utils.metrics.catalogue import FLOOR
    from utils.metrics.evaluation_report import evaluate_and_report

    evaluate_and_report(arguments, "floor", (FLOOR,))


if __name__ == "__main__":
    run(main)
