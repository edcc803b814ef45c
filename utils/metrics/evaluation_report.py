"""What the evaluation scripts do alike: evaluate the folder and the reference, print, write, and tell by their exit."""

import logging
import os
import sys
from collections.abc import Sequence

from dataset.errors import InputError
from dataset.sessions import DATA_ROOT_VARIABLE, data_root
from utils.runs.environment import choose_device, set_seed, set_threads

logger = logging.getLogger("bige")


def evaluate_and_report(arguments, title: str, parts: Sequence[str]) -> None:
    """Evaluate as the arguments of `options.evaluation_options` say, print the tables and write them.

    title: of the files, `<title>_<row>`. parts: see `utils.metrics.catalogue.PARTS`. Leaves with status 1 where
    something was left out. Raises InputError where nothing can be evaluated.
    """
    from utils.metrics.band_plot import plot_bands
    from utils.metrics.catalogue import DISTANCES
    from utils.metrics.evaluation import evaluate_reference, evaluate_set, load_motions, load_reference
    from utils.metrics.motion_sets import EvaluationModels
    from utils.metrics.paper import ROWS
    from utils.metrics.row_tables import readable, write_tables

    limits = {name: getattr(arguments, name) for name in ("low", "high") if hasattr(arguments, name)}
    if limits and limits["low"] >= limits["high"]:
        raise InputError(f"--low {arguments.low:g} is not below --high {arguments.high:g}")
    set_threads(arguments.threads)
    set_seed(arguments.seed)
    models = EvaluationModels(
        choose_device(arguments.device),
        getattr(arguments, "vq_name", None),
        getattr(arguments, "surrogate_name", None),
    )
    named = arguments.data_root or os.environ.get(DATA_ROOT_VARIABLE)
    root = data_root(arguments.data_root) if named else None
    baseline = getattr(arguments, "baseline", None)
    paper = ROWS[baseline] if baseline else "MoCap" if arguments.file_type == "mocap" else None
    options = {**limits, "parts": parts, "seed": arguments.seed}

    own = arguments.folder_path if arguments.file_type == "mocap" else None
    reference = load_reference(arguments.reference, models, fallbacks=[root, own])
    motions = load_motions(
        arguments.folder_path, arguments.file_type, models, name=paper, data_root=root, subject=arguments.subject
    )
    row = evaluate_set(motions, reference, **options)
    if not row.figures:
        raise InputError(f"{arguments.folder_path}: nothing can be evaluated: {row.left_out[0]}")
    rows = [evaluate_reference(reference, **options), row]
    print(readable(rows, parts, paper))
    for one in rows:
        for warning in one.warnings:
            logger.warning("%s", warning)
    name = "_".join([title, *row.name.lower().split()])
    papers = ["Reference", paper] if paper else ["Reference"]
    paths = write_tables(arguments.out, name, rows, parts, papers)
    if DISTANCES in parts:
        paths.append(plot_bands(arguments.out / f"{name}_curves.png", reference, motions))
    logger.info("%s in %s", ", ".join(path.name for path in paths), arguments.out)
    if row.left_out:
        logger.error("%d left out, the rest evaluated:\n  %s", len(row.left_out), "\n  ".join(row.left_out))
        sys.exit(1)
