r"""Train the VQ-VAE on squat windows.

    python train_vq.py --dataname demo --exp-name VQVAE_demo --vq-start interpolator --width 128 --code-dim 128 \
        --code-groups 16 --batch-size 16 --lr 1e-3 --cosine --total-iter 8000 --mirror --augment 1 --unquantised 0.5
    python train_vq.py --batch-size 256 --lr 2e-4 --total-iter 300000 --lr-scheduler 200000 --nb-code 512 --down-t 2 \
        --depth 3 --dilation-growth-rate 3 --out-dir output --dataname mcs --vq-act relu --quantizer ema_reset \
        --loss-vel 0.5 --recons-loss l1_smooth --exp-name VQVAE9
    torchrun --nproc-per-node 4 train_vq.py ...        (or: deepspeed train_vq.py ...)

Writes <out-dir>/<exp-name>/: args.json, train.log, losses.csv, TensorBoard events (figures, use of the codebook, curves
and a clip of a held-out window), <step>.pth, last.pth, best.pth (least held-out loss) and latents.npz (the training
windows' latents under best.pth). Ctrl-C saves last.pth and leaves.
"""

import logging

from options.shared_options import data_root_of, run_folder
from options.train_vq_options import build_parser
from utils.cli import run

logger = logging.getLogger("bige")


def main() -> None:
    arguments = build_parser(__doc__).parse_args()

    from dataset.windows.motion_batch import load_split
    from utils.runs.environment import choose_device, set_seed, set_threads
    from utils.runs.record import refuse_trained, save_arguments
    from utils.training.distributed import Processes

    set_threads(arguments.threads)
    set_seed(arguments.seed)
    processes = Processes(choose_device(arguments.device), arguments.local_rank)
    name, root = data_root_of(arguments)
    refuse_trained(run_folder(arguments), arguments.resume_pth)
    training, held_out, split = load_split(root, seed=arguments.seed)
    if processes.first:
        logger.info("sessions of %s (%s)", root, name)
        save_arguments(arguments, run_folder(arguments))
        split.write(run_folder(arguments) / "split.json")
    train(arguments, training, held_out, processes)
    processes.close()


def train(arguments, training, held_out, processes) -> None:
    """Train on the MotionBatch `training`, evaluate on `held_out`; everything goes to the run folder."""
    import torch
    from tqdm import tqdm

    from utils.checkpoints import load_vqvae, read_checkpoint, save_checkpoint
    from utils.runs.interruption import graceful_shutdown
    from utils.runs.tensorboard_views import due
    from utils.training.augmentation import vary
    from utils.training.reconstruction_views import show_reconstruction
    from utils.training.training_log import TrainingLog
    from utils.training.vqvae_trainer import evaluate, learning_rate, least_std, new_model, vqvae_losses, write_latents

    folder, device = run_folder(arguments), processes.device
    if arguments.mirror:
        training = training.with_mirrored()
    training, held_out = training.to(device), held_out.to(device)
    weight = training.recorded.float().clamp_min(arguments.unrecorded_weight)  # (N, T)

    state = None
    if arguments.resume_pth:
        model = load_vqvae(arguments.resume_pth, device)
        state = read_checkpoint(arguments.resume_pth).get("training")
        logger.info("from %s, %s", arguments.resume_pth, "continuing" if state else "weights only: a new start")
    else:
        model = new_model(arguments).to(device)
        model.normalizer.fit(training.motion, weight, least_std=least_std().to(device))
    replica = processes.wrap(model)
    optimiser = torch.optim.AdamW(
        model.parameters(), arguments.lr, betas=(0.9, 0.99), weight_decay=arguments.weight_decay
    )
    start, best = 0, float("inf")
    if state:
        optimiser.load_state_dict(state["optimiser"])
        start, best = state["iteration"], state["best"]

    terms = ["loss", "reconstruction", "velocity", "temporal", "commitment", "perplexity", "used_codes", "lr"]
    held_out_terms = [f"held_out/{name}" for name in evaluate(model, held_out)]
    log = TrainingLog(folder, terms + held_out_terms, resume_at=start if state else None, enabled=processes.first)
    size = max(1, arguments.batch_size // processes.count)
    logger.info("%d training windows, %d held out, %s", len(training), len(held_out), model.config)

    def save(path, iteration: int) -> None:
        training_state = {"iteration": iteration, "best": best, "optimiser": optimiser.state_dict()}
        save_checkpoint(path, model, training_state)

    progress = tqdm(range(start + 1, arguments.total_iter + 1), initial=start, total=arguments.total_iter, disable=None)
    with graceful_shutdown() as stop:
        for iteration in progress:
            # each step has its own seed, so that a resumed run draws what an unbroken one would have drawn
            torch.manual_seed((arguments.seed * 1_000_003 + iteration) * processes.count + processes.rank)
            for group in optimiser.param_groups:
                group["lr"] = learning_rate(iteration, arguments)
            chosen = torch.randint(len(training), (size,)).to(device)
            unquantised = (torch.rand(size) < arguments.unquantised).to(device)
            model.train()
            motion, counts = training.motion[chosen], weight[chosen]  # (B, T, 33), (B, T)
            if arguments.augment > 0:
                partners = training.motion[torch.randint(len(training), (size,)).to(device)]
                motion, counts = vary(motion, counts, partners, arguments.augment)
            with torch.autocast(device.type, torch.bfloat16, enabled=arguments.precision == "bfloat16"):
                output = replica(motion, counts, unquantised)
            losses = vqvae_losses(output, motion, counts, arguments)
            optimiser.zero_grad(set_to_none=True)
            losses["loss"].backward()
            optimiser.step()

            last = iteration == arguments.total_iter or stop()
            if not processes.first:
                if last:
                    break
                continue
            figures = {}
            if iteration % arguments.print_iter == 0 or last:
                figures = {name: float(value.detach()) for name, value in losses.items()}
                figures["perplexity"] = float(output.quantised.perplexity)
                figures["used_codes"] = float(output.quantised.used_codes)
                figures["lr"] = optimiser.param_groups[0]["lr"]
            if iteration % arguments.eval_iter == 0 or last:
                held_out_figures = evaluate(model, held_out)
                figures |= {f"held_out/{name}": value for name, value in held_out_figures.items()}
                if held_out_figures["loss"] < best:
                    best = held_out_figures["loss"]
                    save_checkpoint(folder / "best.pth", model)
                if last or due(iteration, arguments.eval_iter, arguments.total_iter):
                    show_reconstruction(log.writer, iteration, model, held_out)
            if figures:
                log.write(iteration, figures)
                logger.info("%d %s", iteration, " ".join(f"{name} {value:.4g}" for name, value in figures.items()))
            if iteration % arguments.save_iter == 0:
                save(folder / f"{iteration}.pth", iteration)
            if iteration % arguments.save_iter == 0 or last:
                save(folder / "last.pth", iteration)
            if stop():
                raise KeyboardInterrupt

    if processes.first:
        write_latents(folder / "latents.npz", load_vqvae(folder / "best.pth", device), training)
        log.close()


if __name__ == "__main__":
    run(main)
