"""The 22 joints of a session's subject on the device of a run."""

from copy import deepcopy
from pathlib import Path

from dataset.opensim.model_reader import load_skeleton
from dataset.sessions import Session
from models.skeleton.body_joints import BodyJoints
from utils.retargeting.retargeting_config import JointExportConfig, RetargetingConfig
from utils.runs.device import choose_device
from utils.runs.environment import configure_cpu

# Definition of the joints in a configuration -> kind of `BodyJoints`
_KINDS = {"skeleton": "centres", "body-model": "template"}


def load_subject_joints(
    config: RetargetingConfig | JointExportConfig, session: Session, trial: Path | None = None
) -> BodyJoints:
    """The joints of the session's model, or of a trial's own, on the configuration's device.

    Raises:
        InputError: the session has no usable model, or the device cannot be used.
    """
    configure_cpu(config.threads)
    # The skeleton is copied, because the one that `load_skeleton` shares is needed on the CPU to find the floor.
    skeleton = deepcopy(load_skeleton(session.model_for(trial))).to(choose_device(config.device))
    return BodyJoints(skeleton, _KINDS[config.joint_definition])
