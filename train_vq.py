r"""Train the VQ-VAE on squat windows.

    python train_vq.py --dataname demo --exp-name VQVAE_demo --vq-start interpolator --width 128 --code-dim 128 \
        --code-groups 16 --batch-size 16 --lr 1e-3 --cosine --total-iter 8000 --mirror --augment 1 --unquantised 0.5
    python train_vq.py --batch-size 256 --lr 2e-4 --total-iter 300000 --lr-scheduler 200000 --nb-code 512 --down-t 2 \
        --depth 3 --dilation-growth-rate 3 --out-dir output --dataname mcs --vq-act relu --quantizer ema_reset \
        --loss-vel 0.5 --recons-loss l1_smooth --exp-name VQVAE9
    torchrun --nproc-per-node 4 train_vq.py ...        (or: deepspeed train_vq.py ...)

Writes <out-dir>/<exp-name>/: args.json, split.json, train.log, losses.csv, TensorBoard events (losses, use of the
codebook, curves and a clip of a validation window), <step>.pth, last.pth, best.pth (least validation loss),
latents.npz (latents of training windows under best.pth) and metrics.json (errors on the held-out subjects). last.pth is
written every few minutes, at each evaluation and on Ctrl-C; the same command goes on from there. With torchrun or
deepspeed, the losses are those of one process.
"""

from options.config_parser import parse_config
from options.train_vq_options import build_parser
from utils.cli import run
from utils.training.vqvae_training_config import VQVAETrainingConfig


def main() -> None:
    config = parse_config(build_parser(__doc__), VQVAETrainingConfig)

    from utils.training.vqvae_trainer import train_vqvae

    result = train_vqvae(config)
    if result is not None:  # only the main process of a distributed training has a result
        print(f"least validation loss {result.best_loss:.4g} at step {result.best_step} of {result.steps}")
        print(f"best.pth and latents.npz are in {result.folder}")


if __name__ == "__main__":
    run(main)
