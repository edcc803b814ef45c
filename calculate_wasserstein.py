"""How real a folder of motions is: fidelity, diversity and floor contact as in Table 2, and sounder distances.

    python calculate_wasserstein.py --file_type mot --folder_path output/mine/mot_visualization --baseline bige
    python calculate_wasserstein.py --file_type npy --folder_path path/to/arrays --subject path/to/session
    python calculate_wasserstein.py --file_type mot --folder_path path/to/mdm_baseline --data-root path/to/root

Prints the reference's row and the folder's, and writes both to <out>/wasserstein_<row>.csv, .json, .tex and .md, and
time-normalised curves of both to wasserstein_<row>_curves.png.
Leaves with status 1 where something had to be left out, which is named, and with 2 where nothing can be evaluated.
"""

from options.evaluation_options import build_parser
from utils.cli import run


def main() -> None:
    arguments = build_parser(__doc__, features=True).parse_args()

    from utils.metrics.catalogue import DISTANCES, FLOOR
    from utils.metrics.evaluation_report import evaluate_and_report

    evaluate_and_report(arguments, "wasserstein", (DISTANCES, FLOOR))


if __name__ == "__main__":
    run(main)
