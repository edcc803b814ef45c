"""Write the report of a guidance run: one page that opens in a browser, offline.

    python report.py output/mine --overwrite
    python report.py output/mine --subject path/to/session --out report.html

For each session of the run writes <run>/mot_visualization/latents_subject_run_<session>/report.html: the constraints
and how many samples meet them, a player of the skeleton, curves, the findings of the simulation, and the reliability of
each figure. LIMO_Surrogate.py writes the same page when it ends; this command writes it again, for example for a run
whose session has moved.
"""

from options.config_parser import parse_config
from options.report_options import build_parser
from utils.cli import run
from utils.report.report_config import ReportConfig


def main() -> None:
    config = parse_config(build_parser(__doc__), ReportConfig)

    from utils.report.run_reports import write_run_reports

    for page in write_run_reports(config).pages:
        print(page)


if __name__ == "__main__":
    run(main)
