"""One process of a distributed training: runs train_vq.py, and saves the state of this process's network.

python -m torch.distributed.run --nproc-per-node 2 tests/distributed_training.py FOLDER [flags of train_vq.py]
"""

import os
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import train_vq
from utils.training import vqvae_trainer


def main() -> None:
    folder = Path(sys.argv.pop(1))
    tasks = []

    class RememberedTask(vqvae_trainer.VQVAETask):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            tasks.append(self)

    vqvae_trainer.VQVAETask = RememberedTask
    train_vq.main()
    torch.save(tasks[0].model.state_dict(), folder / f"rank{os.environ['RANK']}.pth")


if __name__ == "__main__":
    main()
