"""Evaluate how well a folder of motions meets the constraints of guidance (the paper's Table 3), and how they move.

    python calculate_guidance.py --file_type mocap --folder_path path/to/opencap/Data
    python calculate_guidance.py --file_type mot --folder_path output/mine/mot_visualization --baseline bige
    python calculate_guidance.py --file_type mot --folder_path path/to/t2m_baseline --baseline t2m

Muscle activations are read from the motion files if they have them, and predicted by the surrogate otherwise; a note
says which. The files of guided motions have the activations that the surrogate predicted.
Prints the rows of the reference and of the folder, and writes both to <out-dir>/guidance_<row>.csv, .json, .tex and
.md.
The exit status is 1 if something could not be evaluated, which is named, and 2 if nothing can be evaluated.
"""

import sys

from options.config_parser import parse_config
from options.evaluation_options import build_parser
from utils.cli import run
from utils.metrics.catalogue import GUIDANCE
from utils.metrics.evaluation_config import EvaluationConfig


def main() -> None:
    config = parse_config(build_parser(__doc__, "guidance", [GUIDANCE]), EvaluationConfig)

    from utils.metrics.evaluation import evaluate

    result = evaluate(config)
    print(result.text)
    if result.left_out:
        sys.exit(1)


if __name__ == "__main__":
    run(main)
