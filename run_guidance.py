r"""Guide many people with the same constraints: the loop over subjects as one command.

    python run_guidance.py --dataname demo --subjects all --jobs 2 -- --exp-name everybody --low 0.35 --high 0.45
    python run_guidance.py --data-root DATA --subjects people.txt --split test --jobs 8 -- --exp-name FinalFinalHigh \
        --vq-name output/VQVAE14/120000.pth --seq-len 49 --num-runs 3000 --min-samples 20 --low 0.35 --high 0.45
    torchrun --nproc-per-node 2 run_guidance.py --data-root DATA --subjects all -- --exp-name everybody

What stands after -- are the options of LIMO_Surrogate.py, whose files are written for each person, whole or not at all.
A person whose result is there and was made from the same recordings, model, networks and settings is skipped. After an
interruption of any kind the same command goes on where it was. What goes wrong for a person does not stop the others.
At the end, people.csv and people.html in <out-dir>/<exp-name>/ list for each person how many motions meet what is
required, whether they were simulated, seconds, why not, and the report; logs/<session>.log has what was printed.
Exits with 1 if a person failed or has too few motions that meet what is required, and with 130 after Ctrl-C.
docs/cluster.md shows several machines.
"""

import logging
import sys

from options.run_guidance_options import build_parser, parse_people
from utils.cli import INTERRUPTED, run

logger = logging.getLogger("bige")


def main() -> None:
    config = parse_people(build_parser(__doc__))

    from dataset.errors import RunError
    from utils.people.people_run import guide_people
    from utils.people.people_table import count_sentence, printed_table

    result = guide_people(config)
    if result.writes:
        print(printed_table(result.outcomes))
        logger.info("%s\nopen %s in a browser", result.table, result.page)
    if result.interrupted:
        logger.info("interrupted; everything finished is kept, and the same command goes on")
        sys.exit(INTERRUPTED)
    if not result.all_met:
        raise RunError(f"not everybody has what was asked: {count_sentence(result.outcomes)}")


if __name__ == "__main__":
    run(main)
