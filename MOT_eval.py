"""Reconstruct held-out motions with a VQ-VAE, or decode random latents.

    python MOT_eval.py --dataname demo --exp-name VQVAE_demo
    python MOT_eval.py --dataname mcs --out-dir output --exp-name VQVAE5_v2 --resume-pth output/VQVAE5_v2/300000.pth
    python MOT_eval.py --data-root DIR --subjects all --exp-name real
    python MOT_eval.py --sample 20 --exp-name VQVAE-Generations

Reconstruction writes <out-dir>/<exp-name>/reconstructions/<session>/<repetition>.mot, standing on the floor at the
origin, and metrics.json (eval_metrics.json in the folder of a training). Sampling writes
<out-dir>/<exp-name>/mot_visualization/latents_subject_run_<session>/entry_<j>_<exp-name>.mot. Both replace what they
wrote there before, with a warning where the settings were others. The exit status is 1 where a file was left out, which
the printed table names.
"""

import sys

from dataset.left_out import is_complete, left_out_table
from options.mot_eval_options import build_parser, parse_reconstruction_or_sampling
from utils.cli import run
from utils.reconstruction.reconstruction_config import SamplingConfig


def main() -> None:
    config = parse_reconstruction_or_sampling(build_parser(__doc__))

    if isinstance(config, SamplingConfig):
        from utils.reconstruction.sample import sample

        sampled = sample(config)
        print(f"{len(sampled.paths)} motions in {sampled.folder}")
        return

    from utils.reconstruction.reconstruct import reconstruct

    result = reconstruct(config)
    print(result.table)
    frames = int(result.windows.recorded.sum())
    print(f"{len(result.windows)} windows, {frames} recorded frames; {result.metrics_path}")
    if result.windows.left_out:
        print(left_out_table(result.windows.left_out))
    if not is_complete(result.windows.left_out):
        sys.exit(1)


if __name__ == "__main__":
    run(main)
