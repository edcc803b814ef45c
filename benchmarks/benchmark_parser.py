"""How a benchmark begins; importing it makes the repository's packages importable without an installation."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def make_parser(description: str | None) -> argparse.ArgumentParser:
    """A parser whose help opens with a script's docstring as it is."""
    return argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)


def run_benchmark(main: Callable[[], None]) -> None:
    """Run the `main` of a benchmark as those of the root scripts are: bad input is a sentence and exit status 2."""
    from utils.cli import run

    run(main)
