"""Retarget the output of a motion generator to a subject: OpenSim motions by inverse kinematics on its skeleton.

    python retarget_baselines.py --type mdm --input results.npy --subject path/to/session --exp-name MDM
    python retarget_baselines.py --type t2m --input joints.npy --subject d66330dc-7884 --data-root path/to/MCS_DATA
    python retarget_baselines.py --type humanml --input new_joint_vecs/ --subject path/to/session
    python retarget_baselines.py --export-joints --fps 20 --subject path/to/session --trial squats1

Writes <out-dir>/<exp-name>/mot_visualization/latents_subject_run_<session>/entry_<j>_<exp-name>.mot at 60 Hz, standing
on the floor at the origin, with summary.json. The subject's bones take the source's directions; the printed table has
the distances of the joints from their targets. Motions are not corrected: feet that slide or float in the source still
do. --export-joints writes <out-dir>/<exp-name>/joints_<session>/<trial>.npy. The exit status is 1 if a motion does not
fit, or if one or a trial was left out because it cannot be used, and 2 if none can be used.
"""

import sys

from dataset.left_out import left_out_table
from options.retarget_baselines_options import build_parser, parse_retargeting
from utils.cli import run
from utils.retargeting.retargeting_config import JointExportConfig


def main() -> None:
    config = parse_retargeting(build_parser(__doc__))

    if isinstance(config, JointExportConfig):
        from utils.retargeting.joint_export import export_joints

        exported = export_joints(config)
        for path, frames in exported.frames.items():
            print(f"{path}: {frames} frames at {exported.rate_hz:g} Hz")
        if exported.left_out:
            print(left_out_table(exported.left_out))
            sys.exit(1)
        return

    from utils.retargeting.retarget_motions import retarget

    result = retarget(config)
    print(result.text)
    print(f"{result.fitting} of {len(result.motions)} motions fit; {result.folder}")
    if result.refused or result.fitting < len(result.motions):
        sys.exit(1)


if __name__ == "__main__":
    run(main)
