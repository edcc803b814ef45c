"""How well a folder of motions meets what guidance asks for: Table 3, and depth, alignment and smoothness.

    python calculate_guidance.py --file_type mocap --folder_path path/to/opencap/Data
    python calculate_guidance.py --file_type mot --folder_path output/mine/mot_visualization --baseline bige
    python calculate_guidance.py --file_type mot --folder_path path/to/t2m_baseline --baseline t2m

Activations are those of the motion files where they have them (guided motions' files hold what the surrogate promised),
and the surrogate's otherwise; the output says which.
Prints the reference's row and the folder's, and writes both to <out>/guidance_<row>.csv, .json, .tex and .md.
Leaves with status 1 where something had to be left out, which is named, and with 2 where nothing can be evaluated.
"""

from options.evaluation_options import build_parser
from utils.cli import run


def main() -> None:
    arguments = build_parser(__doc__, guidance=True).parse_args()

    from utils.metrics.catalogue import GUIDANCE
    from utils.metrics.evaluation_report import evaluate_and_report

    evaluate_and_report(arguments, "guidance", (GUIDANCE,))


if __name__ == "__main__":
    run(main)
