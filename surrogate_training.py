"""Train the surrogate of muscle activations, or evaluate one.

    python surrogate_training.py                                  ($BIGE_DATA where it is set, else the demo sessions)
    python surrogate_training.py --dataname demo --epochs 20 --exp-name surrogate_demo
    python surrogate_training.py --kinematics --dataname demo --mirror --derivatives --d-model 96
    torchrun --nproc-per-node 4 surrogate_training.py ...
    python surrogate_training.py --evaluate pretrained/surrogate/surrogate.pth --data-root DIR --subjects all

The surrogate predicts the activations of 80 muscles, the load on each foot and the joint moments from a motion. Inverse
dynamics on the subject's model is computed, and networks learn the rest from simulated repetitions: how the feet
share the ground reaction, and how the muscles of a leg share its moments. With --kinematics, a transformer from joint
kinematics to activations is trained, as in the paper.

Writes <out-dir>/<exp-name>/: args.json, split.json, train.log, losses.csv, TensorBoard events, last.pth, best.pth
(least validation loss), metrics.json (R2 and RMSE of each muscle on held-out subjects) and parity.png. last.pth is
written after every epoch; the same command goes on from there. With torchrun, the losses are those of one process.
"""

from typing import TYPE_CHECKING

from options.surrogate_training_options import build_parser, parse_training_or_evaluation
from utils.cli import run
from utils.training.dynamics_training_config import DynamicsTrainingConfig
from utils.training.surrogate_training_config import SurrogateEvaluationConfig

if TYPE_CHECKING:
    from utils.training.surrogate_evaluation import SurrogateTrainingResult


def show(result: "SurrogateTrainingResult | None") -> None:
    if result is not None:  # only the main process of a distributed training has a result
        print(result.evaluation.table)


def main() -> None:
    config = parse_training_or_evaluation(build_parser(__doc__))

    if isinstance(config, SurrogateEvaluationConfig):
        from utils.training.surrogate_evaluation import evaluate_surrogate

        print(evaluate_surrogate(config).table)
    elif isinstance(config, DynamicsTrainingConfig):
        from utils.training.dynamics_trainer import train_dynamics_surrogate

        show(train_dynamics_surrogate(config))
    else:
        from utils.training.surrogate_trainer import train_surrogate

        show(train_surrogate(config))


if __name__ == "__main__":
    run(main)
