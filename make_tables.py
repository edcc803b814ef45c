"""Make the tables of RESULTS.md: the paper's Tables 2 and 3, and the sounder figures beside them.

    python make_tables.py --row BIGE=output/BIGE/mot_visualization --row VQ-VAE=output/VQVAE/mot_visualization
    python make_tables.py --recordings path/to/root

`make tables` generates the motions of all held-out demo people first. Writes the tables into RESULTS.md, between
comments that name them, and <out>/recorded and <out>/generated as .csv, .json, .tex and .md.
"""

import logging

from options.make_tables_options import build_parser
from options.shared_options import data_root_of
from utils.cli import run

logger = logging.getLogger("bige")


def main() -> None:
    arguments = build_parser(__doc__).parse_args()

    from dataset.errors import InputError
    from utils.metrics.motion_sets import EvaluationModels
    from utils.metrics.paper import PAPER
    from utils.metrics.results import generated_rows, recorded_rows, simulated_table, tables, write_blocks
    from utils.metrics.row_tables import write_tables
    from utils.runs.environment import choose_device, set_seed, set_threads

    if not arguments.row and not arguments.recordings:
        raise InputError("nothing to make a table of: give --row NAME=DIR or --recordings DIR")
    set_threads(arguments.threads)
    set_seed(arguments.seed)
    models = EvaluationModels(choose_device(arguments.device))
    blocks = {}
    if arguments.recordings:
        rows, paper = recorded_rows(arguments.recordings, models), ["Reference", "MoCap"]
        blocks["recorded"] = tables(rows, paper)
        write_tables(arguments.out, "recorded", rows, paper=paper)
    if arguments.row:
        folders = dict(arguments.row)
        rows = generated_rows(data_root_of(arguments)[1], folders, models)
        paper = ["Reference", "MoCap", *(name for name in folders if name in PAPER)]
        blocks["generated"] = tables(rows, paper)
        write_tables(arguments.out, "generated", rows, paper=paper)
        if "BIGE" in folders:
            blocks["simulated"] = simulated_table(folders["BIGE"])
    write_blocks(arguments.results, blocks)
    logger.info("%s: %s", arguments.results, ", ".join(blocks))


if __name__ == "__main__":
    run(main)
