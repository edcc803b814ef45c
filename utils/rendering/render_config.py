"""Settings of `render`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dataset.errors import InputError
from dataset.sessions import Session, open_session
from utils.rendering.camera import VIEWS
from utils.runs.shared_configs import require_at_least

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".pdf", ".svg", ".tif", ".tiff")
VIDEO_SUFFIXES = (".mp4", ".m4v", ".mov")
LAYOUTS = ("side-by-side", "overlay")
RENDERERS = ("auto", "opengl", "stick")
BODIES = ("bones", "smpl")
_SMPL_PAGE = "https://smpl.is.tue.mpg.de"


@dataclass(frozen=True, kw_only=True)
class RenderConfig:
    """Which motions to draw, how, and where to write the video and the figure.

    Attributes:
        motions: motion files (.mot, .sto).
        subject: folder of the OpenCap session whose model is drawn, or its id under the data root.
        data_root: folder of sessions in which an id is looked up; None for $BIGE_DATA.
        model: OpenSim model (.osim) to use in place of the session's own; None for the session's.
        label: a name for each motion; empty for the names of the files.
        repetition: number of the only squat repetition to draw, from 1; None for the whole motion.
        layout: `side-by-side` gives each motion its own panel, `overlay` draws all of them in one place.
        view: views from which a video shows the motions; a figure shows the first of them.
        compare: draw a line at the height of the hips at half of the repetition, for the first two motions.
        size: width and height of a video in pixels.
        fps: frame rate of a video, frames per second.
        renderer: `opengl` draws bones and muscles, `stick` a stick figure; `auto` takes OpenGL where it works.
        body: `bones`, or `smpl` for an SMPL body of the subject's bone lengths.
        smpl_model_dir: folder of the SMPL model file, or the file itself.
        trust_pickle: also read the SMPL model from a pickle file, which runs any code that the file holds.
        save_path: video to write; None for none.
        image: figure of five phases of the first repetition to write; None for none.
        overwrite: replace a video or figure that exists.
    """

    motions: Sequence[Path]
    subject: str
    data_root: Path | None = None
    model: Path | None = None
    label: Sequence[str] = ()
    repetition: int | None = None
    layout: str = "side-by-side"
    view: Sequence[str] = ("sagittal",)
    compare: bool = False
    size: tuple[int, int] = (1280, 720)
    fps: float = 60.0
    renderer: str = "auto"
    body: str = "bones"
    smpl_model_dir: Path | None = None
    trust_pickle: bool = False
    save_path: Path | None = None
    image: Path | None = None
    overwrite: bool = False

    def __post_init__(self) -> None:
        """Raise InputError where values are out of range or do not go together."""
        self._check_choices()
        self._check_files()
        self._check_body()
        require_at_least(1, repetition=self.repetition)
        if not (64 <= self.size[0] <= 7680 and 64 <= self.size[1] <= 4320):
            raise InputError(f"--size is {self.size[0]}x{self.size[1]}, expected 64x64 to 7680x4320 pixels")
        if not 1 <= self.fps <= 240:
            raise InputError(f"--fps is {self.fps:g}, expected 1 to 240 frames per second")
        if self.compare and len(self.motions) < 2:
            raise InputError("--compare needs at least two motions, because it compares the first two")
        if self.label and len(self.label) != len(self.motions):
            raise InputError(f"--label has {len(self.label)} names for {len(self.motions)} motions; give one each")

    def open_session(self) -> Session:
        """The subject's session. Raises InputError where it does not exist."""
        return open_session(self.subject, self.data_root, self.model)

    @property
    def labels(self) -> list[str]:
        """The name of each motion, as given or from its file."""
        return list(self.label) or [Path(path).stem for path in self.motions]

    def _check_choices(self) -> None:
        choices = {"layout": LAYOUTS, "view": tuple(VIEWS), "renderer": RENDERERS, "body": BODIES}
        given = [("layout", self.layout), ("renderer", self.renderer), ("body", self.body)]
        for name, value in [*given, *(("view", view) for view in self.view)]:
            if value not in choices[name]:
                raise InputError(f"--{name} is {value!r}, expected one of {', '.join(choices[name])}")

    def _check_files(self) -> None:
        if not self.motions:
            raise InputError("no motion is named; name at least one motion file")
        if not self.save_path and not self.image:
            raise InputError("name what to write: --save-path FILE.mp4, --image FILE.png, or both")
        for name, path, suffixes in (
            ("save-path", self.save_path, VIDEO_SUFFIXES),
            ("image", self.image, IMAGE_SUFFIXES),
        ):
            if path and path.suffix.lower() not in suffixes:
                raise InputError(f"--{name} {path}: the name must end in {', '.join(suffixes)}")

    def _check_body(self) -> None:
        if self.body != "smpl":
            if self.smpl_model_dir or self.trust_pickle:
                raise InputError("--smpl-model-dir and --trust-pickle need --body smpl; add it, or leave them out")
            return
        if not self.smpl_model_dir:
            raise InputError(
                "--body smpl needs --smpl-model-dir DIR, the folder that holds SMPL_NEUTRAL.npz; "
                f"download it from {_SMPL_PAGE}"
            )
        if self.renderer == "stick":
            raise InputError("--renderer stick draws no surface; leave out --body smpl, or take another renderer")
