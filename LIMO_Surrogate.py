r"""Generate one subject's squats that meet a clinician's constraints.

    python LIMO_Surrogate.py --exp-name demo --dataname demo --subject demo-person-040
    python LIMO_Surrogate.py --exp-name demo --dataname demo --subject demo-person-040 --baseline
    python LIMO_Surrogate.py --exp-name TestBIGE --vq-name output/VQVAE9/300000.pth --dataname mcs --seq-len 49 \
        --total-iter 3000 --lr 0.5 --num-runs 3000 --min-samples 20 --subject SESSION --low 0.35 --high 0.45
    python LIMO_Surrogate.py ... --constraint knee_flexion:max:within:80:100 --constraint asymmetry:rms:below:2

Writes to <out-dir>/<exp-name>/ losses_<session>.csv, TensorBoard events, summary.json and, in
mot_visualization/latents_subject_run_<session>/, the motions entry_<j>_<exp-name>.mot, the least change from the own
squats first (coordinates in degrees and metres on the floor y = 0, and predicted activations), latents.npz, result.npz,
summary.json, args.json, overview.png and report.html, which explains all of it. With --opensim, OpenSim's own tools can
repeat the simulation of each motion in opensim/<session>/.
What is found is kept in unfinished/<session>/ until all is there: after an interruption of any kind, the same command
goes on. An earlier result is replaced, with --overwrite, when the new one is whole.
Exits with 1 if fewer than --min-samples different motions meet what is required in simulation on the subject's own
model (the nearest misses are written, and what stood in the way is printed), or --baseline cannot use a recording.
"""

import logging
import sys

from options.config_parser import parse_config
from options.limo_surrogate_options import build_parser
from utils.cli import INTERRUPTED, run
from utils.guidance.guidance_config import GuidanceConfig

logger = logging.getLogger("bige")


def main() -> None:
    config = parse_config(build_parser(__doc__), GuidanceConfig)
    config.open_session()  # so that a wrong name is answered before the imports below, which take seconds

    from dataset.errors import RunError
    from dataset.left_out import is_complete
    from utils.guidance.output.printed_tables import baseline_table, result_tables
    from utils.guidance.output.run_writer import RunWriter
    from utils.guidance.pipeline import run_baseline
    from utils.people.guided_person import guide_person

    if config.baseline:
        with RunWriter(config) as writer:
            session, baseline = run_baseline(config)
            print(baseline_table(baseline))
            logger.info("written to %s", writer.write_baseline(session, baseline))
        sys.exit(0 if is_complete(baseline.left_out) else 1)
    guided = guide_person(config)
    result = guided.result
    print(result_tables(result))
    logger.info("%s", guided.sentence)
    if result.interrupted:
        sys.exit(INTERRUPTED)
    if result.accepted < config.min_samples:
        raise RunError(f"only {result.accepted} of {config.min_samples} different motions meet what is required")


if __name__ == "__main__":
    run(main)
