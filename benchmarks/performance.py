"""Make the tables of docs/performance.md anew, by the commands that are written in it.

    python benchmarks/performance.py
    python benchmarks/performance.py --only training_step guidance

Each table of the page is a block of code whose first line is a command, `$ python benchmarks/...`. What the command
prints replaces the rest of the block, after each command, so that nothing is lost when a later one is interrupted. All
of them take about an hour on one core. What was measured on a GPU stays where this machine has none.
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path

from benchmark_parser import make_parser, run_benchmark

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/performance.md"
BLOCK = re.compile(r"```\n\$ (?P<command>python benchmarks/(?P<name>\w+)\.py.*)\n(?P<printed>[^`]*)```")


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="Benchmarks to run (default: all of the page).")
    only = parser.parse_args().only

    import torch

    from dataset.io.atomic_write import atomic_write

    for block in BLOCK.finditer(PAGE.read_text()):
        command = block["command"]
        if only and block["name"] not in only:
            continue
        if "--device cuda" in command and not torch.cuda.is_available():
            print(f"not measured, since there is no GPU: {command}")
            continue
        print(f"$ {command}", flush=True)
        words = [sys.executable, *shlex.split(command)[1:]]
        printed = subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
        print(printed, flush=True)
        page = PAGE.read_text().replace(f"$ {command}\n{block['printed']}", f"$ {command}\n{printed}")
        with atomic_write(PAGE) as temporary:
            temporary.write_text(page)


if __name__ == "__main__":
    run_benchmark(main)
