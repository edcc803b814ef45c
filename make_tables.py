"""Make the tables of RESULTS.md: the paper's Tables 2 and 3, and the extended metrics beside them.

    python make_tables.py --row BIGE=output/BIGE/mot_visualization --row VQ-VAE=output/VQVAE/mot_visualization
    python make_tables.py --recordings path/to/root
    python make_tables.py --guided output/BIGE --requests output/requests

`make tables` first generates the motions of all held-out demo subjects. The tables are written into RESULTS.md, between
the comments that name them, and to <out-dir>/recorded and <out-dir>/generated as .csv, .json, .tex and .md. The exit
status is 1 if something could not be evaluated, which is named.
"""

import sys

from dataset.left_out import left_out_table
from options.config_parser import parse_config
from options.make_tables_options import build_parser
from utils.cli import run
from utils.metrics.tables_config import TablesConfig


def main() -> None:
    config = parse_config(build_parser(__doc__), TablesConfig)

    from utils.metrics.result_tables import make_tables

    result = make_tables(config)
    beside = f" and to {config.out_dir}" if result.paths else ""
    print(f"{', '.join(result.blocks)}: written into {result.results}{beside}")
    if result.left_out:
        print(left_out_table(result.left_out))
        sys.exit(1)


if __name__ == "__main__":
    run(main)
