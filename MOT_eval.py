"""Reconstruct held-out motions with a VQ-VAE, or decode random latents.

    python MOT_eval.py --dataname demo --exp-name VQVAE_demo
    python MOT_eval.py --dataname mcs --out-dir output --exp-name VQVAE5_v2 --resume-pth output/VQVAE5_v2/300000.pth
    python MOT_eval.py --data-root DIR --subjects all --exp-name real
    python MOT_eval.py --sample 20 --exp-name VQVAE-Generations

Reconstructing writes <out-dir>/<exp-name>/reconstructions/<session>/<repetition>.mot, standing on the floor at the
origin, and metrics.json. Sampling writes <out-dir>/<exp-name>/mot_visualization/latents_subject_run_<session>/
entry_<j>_<exp-name>.mot.
"""

import logging
from pathlib import Path

from options.mot_eval_options import build_parser
from options.shared_options import data_root_of, run_folder
from utils.cli import run

logger = logging.getLogger("bige")


def main() -> None:
    arguments = build_parser(__doc__).parse_args()

    from utils.checkpoints import find_checkpoint, load_vqvae
    from utils.runs.environment import choose_device, set_seed, set_threads

    set_threads(arguments.threads)
    set_seed(arguments.seed)
    checkpoint = find_checkpoint(arguments.resume_pth)
    model = load_vqvae(checkpoint, choose_device(arguments.device))
    if arguments.sample:
        sample(arguments, model, checkpoint)
    else:
        reconstruct(arguments, model)


def sample(arguments, model, checkpoint: Path) -> None:
    """Decode random latents and write them as motions."""
    from utils.reconstruction.reconstruction_metrics import sample_latents, write_motions

    latents = sample_latents(model, checkpoint.with_name("latents.npz"), arguments.sample, arguments.sample_noise)
    session = Path(arguments.subject).name if arguments.subject else "unguided"
    folder = run_folder(arguments) / "mot_visualization" / f"latents_subject_run_{session}"
    names = [f"entry_{j}_{arguments.exp_name}" for j in range(arguments.sample)]
    write_motions(folder, names, model.decode(latents).detach())
    print(f"{arguments.sample} motions in {folder}")


def reconstruct(arguments, model) -> None:
    """Reconstruct, write the motions, print and write the figures."""
    from dataset.io.atomic_write import write_json
    from dataset.windows.motion_batch import load_split, load_subjects
    from models.conventions import COORDINATES, TRANSLATIONS
    from utils.reconstruction.reconstruct import reconstruct_all
    from utils.reconstruction.reconstruction_metrics import reconstruction_metrics, write_motions
    from utils.runs.record import save_arguments

    _, root = data_root_of(arguments)
    if arguments.subjects:
        windows = load_subjects(root, arguments.subjects)
    else:
        _, windows, _ = load_split(root, seed=arguments.seed)
    device = next(model.parameters()).device
    through_codes, codes = reconstruct_all(model, windows.motion.to(device))
    around_codes, _ = reconstruct_all(model, windows.motion.to(device), quantised=False)
    metrics = reconstruction_metrics(through_codes.cpu(), around_codes.cpu(), codes.cpu(), windows)

    folder = run_folder(arguments)
    save_arguments(arguments, folder, "eval_args.json")  # the folder may be the training run's own, with its args.json
    write_motions(folder / "reconstructions", windows.names, through_codes.cpu(), windows.recorded)
    write_json(folder / "metrics.json", metrics)
    print(f"{'coordinate':<20}{'RMSE':>8}")
    for name in COORDINATES:
        unit, scale = ("mm", 1000) if name in TRANSLATIONS else ("deg", 1)
        print(f"{name:<20}{scale * metrics['coordinates'][name]:>8.2f} {unit}")
    print(f"{'':<24}{'joint centres':>16}{'all angles':>14}{'leg and pelvis angles':>24}")
    for name, row in {"all": metrics["all"], **metrics["subjects"], "unquantised": metrics["unquantised"]}.items():
        print(
            f"{name:<24}{row['joint_centre_error_mm']:>13.1f} mm{row['angle_rmse_deg']:>10.2f} deg"
            f"{row['leg_and_pelvis_rmse_deg']:>20.2f} deg"
        )
    print(f"perplexity {metrics['perplexity']:.1f} of {model.config.nb_code}, {metrics['used_codes']:.0f} codes used")
    print(f"{len(windows)} windows, {int(windows.recorded.sum())} recorded frames; {folder / 'metrics.json'}")


if __name__ == "__main__":
    run(main)
