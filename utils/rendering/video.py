"""Render motions as a video: H.264 in yuv420p, which browsers and presentations play."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from dataset.errors import RunError
from dataset.io.atomic_write import atomic_write
from utils.rendering.actor import Actor
from utils.rendering.captions import Captions
from utils.rendering.panels import arrange
from utils.rendering.scene import open_scene
from utils.runs.progress import show_progress

_RATE_FACTOR = "20"  # x264's constant rate factor; lower values give better and larger videos
_ENCODING = ["-preset", "veryfast", "-crf", _RATE_FACTOR, "-movflags", "+faststart", "-f", "mp4"]


def render_video(
    path: str | Path,
    actors: Sequence[Actor],
    *,
    fps: float = 60,
    size: tuple[int, int] = (1280, 720),
    views: Sequence[str] = ("sagittal",),
    layout: str = "side-by-side",
    compare: bool = False,
    renderer: str = "auto",
    progress: bool = True,
) -> Path:
    """Write a video of motions. It ends with the longest motion; shorter ones stay in their last frame.

    Args:
        path: the video; it appears only when it is complete.
        actors: the motions, prepared at `fps`.
        fps: frames per second.
        size: width and height in pixels, rounded down to even numbers.
        views: views from which the motions are shown.
        layout: `side-by-side` or `overlay`.
        compare: draw lines at the height of the hips of the first two motions at half of the repetition.
        renderer: `opengl`, `stick`, or `auto` for OpenGL where it works and sticks elsewhere.
        progress: show a progress bar.

    Raises:
        RunError: the video cannot be encoded.
    """
    path, size = Path(path), (size[0] // 2 * 2, size[1] // 2 * 2)
    panels = arrange(actors, views, layout, size)
    count = max(len(actor) for actor in actors)
    frames = [[min(i, len(actor) - 1) for actor in actors] for i in range(count)]
    with closing(open_scene(actors, panels, size, renderer)) as scene:
        captions = Captions(scene, actors, panels, size, compare=compare)
        pictures = (captions.write(scene.draw(at), at) for at in frames)
        shown = show_progress(pictures, count, title=path.name, unit="frames", enabled=progress)
        with atomic_write(path) as temporary:
            write_video(temporary, shown, size, fps)
    return path


def write_video(path: str | Path, pictures: Iterable[np.ndarray], size: tuple[int, int], fps: float) -> None:
    """Encode pictures as a video.

    Args:
        path: the video.
        pictures: (H, W, 3) uint8, RGB.
        size: width and height of the pictures in pixels, both even.
        fps: frames per second.

    Raises:
        RunError: ffmpeg fails, or the video does not hold all pictures.
    """
    from imageio_ffmpeg import count_frames_and_secs, write_frames

    encoder = write_frames(
        str(path), size, fps=fps, quality=None, codec="libx264", macro_block_size=2, ffmpeg_log_level="error",
        output_params=list(_ENCODING),
    )  # fmt: skip
    written = 0
    try:
        with closing(encoder):
            encoder.send(None)  # starts ffmpeg
            for picture in pictures:
                encoder.send(np.ascontiguousarray(picture))
                written += 1
        # ffmpeg may fail after it has accepted all pictures, and `write_frames` does not report its exit status.
        encoded = count_frames_and_secs(str(path))[0] if Path(path).exists() else 0
    except (OSError, RuntimeError) as error:
        reason = str(error).strip().splitlines()
        raise RunError(f"{path}: ffmpeg could not encode the video ({reason[0] if reason else 'no reason'})") from None
    if encoded != written:
        raise RunError(f"{path}: ffmpeg encoded {encoded} of {written} frames of the video")
