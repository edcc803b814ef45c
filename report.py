"""Write the report of a guidance run: one page that opens in a browser, offline.

    python report.py output/mine
    python report.py output/mine --subject path/to/session --out report.html

For each session of the run writes <run>/mot_visualization/latents_subject_run_<session>/report.html: what was asked
and met, a player of the skeleton, curves, the simulation's answer, and how far to trust each figure. LIMO_Surrogate.py
writes the same at its end; this is for older runs, or for one whose session has moved.
"""

import logging

from options.report_options import build_parser
from utils.cli import run

logger = logging.getLogger("bige")


def main() -> None:
    arguments = build_parser(__doc__).parse_args()

    from dataset.errors import InputError
    from utils.report.build import REPORT_NAME, write_report
    from utils.report.run_files import session_folders
    from utils.report.run_session import session_of

    folders = session_folders(arguments.run)
    if len(folders) > 1 and (arguments.out or arguments.subject):
        names = ", ".join(folder.name for folder in folders)
        raise InputError(
            f"{arguments.run} holds several sessions; with --out or --subject, name the folder of one: {names}"
        )
    paths = [arguments.out or folder / REPORT_NAME for folder in folders]
    old = [str(path) for path in paths if path.exists()]
    if old and not arguments.overwrite:
        raise InputError(f"{old[0]} is there already; give --overwrite, or --out with another name")
    for folder, path in zip(folders, paths, strict=True):
        session = session_of(folder, arguments.subject, arguments.data_root)
        print(write_report(folder, session, out=path))


if __name__ == "__main__":
    run(main)
