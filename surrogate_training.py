"""Train the surrogate of muscle activations, or evaluate one: joint kinematics to the activations of 80 muscles.

    python surrogate_training.py                                  ($BIGE_DATA where it is set, else the demo sessions)
    python surrogate_training.py --dataname demo --mirror --derivatives --d-model 96 --exp-name surrogate_demo
    python surrogate_training.py --evaluate pretrained/surrogate/surrogate.pth --data-root DIR --subjects all

Writes <out-dir>/<exp-name>/: args.json, split.json, train.log, losses.csv, TensorBoard events, last.pth, best.pth
(least validation loss), metrics.json (R2 and RMSE of each muscle on held-out subjects) and parity.png. Ctrl-C saves
last.pth and stops.
"""

from options.surrogate_training_options import build_parser, parse_training_or_evaluation
from utils.cli import run
from utils.training.surrogate_training_config import SurrogateEvaluationConfig


def main() -> None:
    config = parse_training_or_evaluation(build_parser(__doc__))

    if isinstance(config, SurrogateEvaluationConfig):
        from utils.training.surrogate_evaluation import evaluate_surrogate

        print(evaluate_surrogate(config).table)
    else:
        from utils.training.surrogate_trainer import train_surrogate

        print(train_surrogate(config).evaluation.table)


if __name__ == "__main__":
    run(main)
