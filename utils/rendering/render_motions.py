"""Render motion files on a subject's model, from files to files."""

from dataclasses import dataclass
from pathlib import Path

from dataset.errors import InputError
from dataset.io.mot import read_motion
from models.conventions import FRAME_RATE_HZ
from utils.rendering.actor import Actor
from utils.rendering.actor_preparation import make_actor
from utils.rendering.opengl_support import require_opengl
from utils.rendering.phase_strip import render_phase_strip
from utils.rendering.render_config import RenderConfig
from utils.rendering.smpl_surface import SmplSurfaces
from utils.rendering.subject_model import SubjectModel
from utils.rendering.video import render_video
from utils.runs.writable import require_writable_file


@dataclass(frozen=True)
class RenderResult:
    """Files that were written.

    Attributes:
        video: the video; None where none was asked for.
        image: the figure of phases; None where none was asked for.
    """

    video: Path | None
    image: Path | None

    @property
    def files(self) -> list[Path]:
        """The files that were written, the video first."""
        return [path for path in (self.video, self.image) if path]


def render(config: RenderConfig) -> RenderResult:
    """Draw the motions of `config` on the subject's model and write a video, a figure of phases, or both.

    Raises:
        InputError: an output exists and may not be replaced, the session, a motion or the SMPL model cannot be used, or
            what is asked for needs OpenGL, which this machine has not.
        RunError: the video cannot be encoded.
    """
    for path, flag in ((config.save_path, "--save-path"), (config.image, "--image")):
        if path and path.is_file() and not config.overwrite:
            raise InputError(f"{path} already exists; name another file, or give --overwrite")
        if path:
            require_writable_file(path, flag)
    if config.renderer == "opengl" or config.body == "smpl":
        require_opengl()
    motions = [read_motion(path, jumps="mend") for path in config.motions]
    session = config.open_session()
    models = [session.model_for(path) for path in config.motions]
    subjects = {model: SubjectModel(model) for model in models}
    surfaces: dict[Path, SmplSurfaces] = {}
    if config.body == "smpl" and config.smpl_model_dir:
        surfaces = {
            model: SmplSurfaces(subject.skeleton, config.smpl_model_dir, trust_pickle=config.trust_pickle)
            for model, subject in subjects.items()
        }

    def actors(rate_hz: float) -> list[Actor]:
        return [
            make_actor(
                motion, subjects[model], label, rate_hz, repetition=config.repetition, surface_of=surfaces.get(model)
            )
            for motion, model, label in zip(motions, models, config.labels, strict=True)
        ]

    if config.save_path:
        render_video(
            config.save_path,
            actors(config.fps),
            fps=config.fps,
            size=config.size,
            views=config.view,
            layout=config.layout,
            compare=config.compare,
            renderer=config.renderer,
        )
    if config.image:
        render_phase_strip(
            config.image,
            actors(FRAME_RATE_HZ),
            view=config.view[0],
            layout=config.layout,
            compare=config.compare,
            renderer=config.renderer,
        )
    return RenderResult(config.save_path, config.image)
