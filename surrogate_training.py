"""Train the surrogate: joint kinematics to the activations of 80 muscles.

    python surrogate_training.py                                  ($BIGE_DATA where it is set, else the demo sessions)
    python surrogate_training.py --dataname demo --mirror --derivatives --d-model 96 --exp-name surrogate_demo
    python surrogate_training.py --evaluate pretrained/surrogate/surrogate.pth --data-root DIR --subjects all

Writes <out-dir>/<exp-name>/: args.json, train.log, losses.csv, TensorBoard events, last.pth, best.pth (least held-out
loss), metrics.json (R2 and RMSE of each muscle on held-out people) and parity.png. Ctrl-C saves last.pth and leaves.
"""

import logging

from options.shared_options import data_root_of, run_folder
from options.surrogate_training_options import build_parser
from utils.cli import run

logger = logging.getLogger("bige")
SHOWN = ("vasmed", "vaslat", "vasint", "soleus", "glmax2", "semimem")


def main() -> None:
    arguments = build_parser(__doc__).parse_args()

    from dataset.windows.motion_batch import load_split, load_subjects
    from utils.checkpoints import load_surrogate
    from utils.runs.environment import choose_device, set_seed, set_threads
    from utils.runs.record import refuse_trained, save_arguments

    set_threads(arguments.threads)
    set_seed(arguments.seed)
    device = choose_device(arguments.device)
    name, root = data_root_of(arguments)
    logger.info("sessions of %s (%s)", root, name)
    folder = run_folder(arguments)
    refuse_trained(folder, arguments.resume_pth)
    if arguments.evaluate and arguments.subjects:
        held_out = load_subjects(root, arguments.subjects, activations=True)
    else:
        training, held_out, split = load_split(root, seed=arguments.seed, activations=True)
        split.write(folder / "split.json")
    save_arguments(arguments, folder)
    if not arguments.evaluate:
        train(arguments, training, held_out, device)
    report(load_surrogate(arguments.evaluate or folder / "best.pth", device), held_out.to(device), folder)


def train(arguments, training, held_out, device) -> None:
    """Train on the MotionBatch `training` until `held_out` stops improving; all goes to the run folder."""
    import torch
    from tqdm import tqdm

    from models.surrogate.transformer import SurrogateTransformer
    from utils.checkpoints import load_surrogate, read_checkpoint, save_checkpoint
    from utils.runs.interruption import graceful_shutdown
    from utils.runs.tensorboard_views import due, show_activations
    from utils.training.surrogate_trainer import (
        config_of,
        cosine_rate,
        evaluate,
        fit_to_data,
        masked_smooth_l1,
        predict_all,
        shifted,
    )
    from utils.training.training_log import TrainingLog

    folder = run_folder(arguments)
    if arguments.mirror:
        training = training.with_mirrored()
    training, held_out = training.to(device), held_out.to(device)
    state = None
    if arguments.resume_pth:
        model = load_surrogate(arguments.resume_pth, device)
        state = read_checkpoint(arguments.resume_pth).get("training")
    else:
        model = SurrogateTransformer(config_of(arguments)).to(device)
        fit_to_data(model, training)
    optimiser = torch.optim.Adam(model.parameters(), arguments.lr, weight_decay=arguments.weight_decay)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, factor=0.5, patience=arguments.lr_patience)
    start, best, best_epoch = 0, float("inf"), 0
    if state:
        optimiser.load_state_dict(state["optimiser"])
        scheduler.load_state_dict(state["scheduler"])
        start, best, best_epoch = state["epoch"], state["best"], state["best_epoch"]
    columns = ["loss", "lr", "held_out/loss", "held_out/rmse", "held_out/r2_median"]
    log = TrainingLog(folder, columns, resume_at=start if state else None)
    logger.info("%d training windows, %d held out, %s", len(training), len(held_out), model.config)

    progress = tqdm(range(start + 1, arguments.epochs + 1), initial=start, total=arguments.epochs, disable=None)
    with graceful_shutdown() as stop:
        for epoch in progress:
            torch.manual_seed(arguments.seed * 1_000_003 + epoch)  # its own seed: resuming draws the same
            model.train()
            total = 0.0
            batches = torch.randperm(len(training)).split(arguments.batch_size)
            for step, chosen in enumerate(batches, 1):
                if arguments.cosine:
                    rate = cosine_rate(arguments.lr, epoch - 1 + step / len(batches), arguments.epochs)
                    optimiser.param_groups[0]["lr"] = rate
                shift = torch.randint(arguments.shift_frames + 1, (len(chosen),))
                motion, recorded, activations, labelled = shifted(training, chosen.to(device), shift.to(device))
                anthropometry = None if training.anthropometry is None else training.anthropometry[chosen.to(device)]
                with torch.autocast(device.type, torch.bfloat16, enabled=arguments.precision == "bfloat16"):
                    prediction = model(motion, recorded, anthropometry)
                loss = masked_smooth_l1(prediction, activations, labelled)
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), arguments.clip)
                optimiser.step()
                total += loss.item() * len(chosen)
            figures = {"loss": total / len(training), "lr": optimiser.param_groups[0]["lr"]}
            predicted = predict_all(model, held_out)
            held = evaluate(predicted, held_out)
            figures |= {f"held_out/{name}": held[name] for name in ("loss", "rmse", "r2_median")}
            if not arguments.cosine:
                scheduler.step(held["loss"])
            log.write(epoch, figures)
            if due(epoch, 1, arguments.epochs):
                of = (held_out.activations[0], predicted[0], held_out.labelled[0])
                show_activations(log.writer, epoch, "held_out/activations", *of)
            progress.set_postfix(loss=f"{figures['loss']:.2e}", held_out=f"{held['loss']:.2e}")
            if held["loss"] < best:
                best, best_epoch = held["loss"], epoch
                save_checkpoint(folder / "best.pth", model)
            kept = {"epoch": epoch, "best": best, "best_epoch": best_epoch}
            kept |= {"optimiser": optimiser.state_dict(), "scheduler": scheduler.state_dict()}
            save_checkpoint(folder / "last.pth", model, kept)
            if stop():
                log.close()
                raise KeyboardInterrupt
            if epoch - best_epoch >= arguments.patience:
                logger.info("no lower held-out loss for %d epochs: stopping at epoch %d", arguments.patience, epoch)
                break
    log.close()


def report(model, held_out, folder) -> None:
    """Print and write the figures of each muscle, and the parity plot."""
    from dataset.io.atomic_write import write_json
    from utils.training.surrogate_trainer import evaluate, plot_parity, predict_all, table

    prediction = predict_all(model, held_out)
    metrics = evaluate(prediction, held_out)

    print(table(metrics))
    write_json(folder / "metrics.json", metrics)
    plot_parity(folder / "parity.png", prediction, held_out, SHOWN)
    logger.info("%s: metrics.json, parity.png", folder)


if __name__ == "__main__":
    run(main)
