"""Fuzz the readers of files.

    python -m fuzz --seconds 60
    python -m fuzz --seconds 60 --reader model mesh --seed 1 --keep output/fuzz

Prints a line for each reader: inputs, seconds, crashes, hangs, code run, largest memory. Exit status 1 where a reader
crashed, took too long or too much memory, or ran code of a file.
"""

import argparse
import logging
import sys
from pathlib import Path


def main() -> None:
    """Run the fuzzer of the command line."""
    from fuzz.names import READER_NAMES

    parser = argparse.ArgumentParser(
        "python -m fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="Time in all, seconds. Default 60.")
    parser.add_argument("--reader", nargs="+", choices=READER_NAMES, help="Readers to be fuzzed. Default all.")
    parser.add_argument("--seed", type=int, default=0, help="Seed of the inputs. Default 0.")
    parser.add_argument(
        "--keep", type=Path, default=Path("output/fuzz"), help="Folder of the inputs that fail. Default output/fuzz."
    )
    arguments = parser.parse_args()
    from fuzz.campaign import fuzz, table

    logging.getLogger("bige").setLevel(logging.ERROR)
    results = fuzz(arguments.reader or READER_NAMES, arguments.seconds, arguments.seed, arguments.keep)
    print(table(results))
    for result in results:
        for failure in result.failures:
            print(failure)
    sys.exit(any(result.failures for result in results))


if __name__ == "__main__":
    main()
