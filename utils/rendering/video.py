"""Actors to a video file: H.264 in yuv420p, which browsers and slides play."""

import logging
import subprocess
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from dataset.errors import InputError
from dataset.io.atomic_write import atomic_write
from utils.rendering.actor import Actor
from utils.rendering.captions import Captions
from utils.rendering.panels import arrange

logger = logging.getLogger("bige")

_QUALITY = "20"  # x264's constant rate factor: lower is better and larger


def open_scene(actors, panels, size, renderer: str = "auto", fineness: float = 1.5):
    """What draws: the OpenGL scene, or the stick figure where that is asked for or OpenGL is not to be had."""
    if renderer == "auto":
        from utils.rendering.opengl import opengl_works

        renderer = "opengl" if opengl_works() else "stick"
    if renderer == "stick":
        from utils.rendering.stick_scene import StickScene

        return StickScene(actors, panels, size)
    from utils.rendering.scene import Scene

    return Scene(actors, panels, size, fineness)


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
    """Write a video of motions whose frames are `fps` a second, whole or not at all; it ends with the longest.

    size: (width, height) in pixels, made even. compare: draw the first two motions' depth at half cycle.
    renderer: `opengl`, `stick`, or `auto`, which draws sticks where there is no OpenGL.
    """
    path, size = Path(path), (size[0] // 2 * 2, size[1] // 2 * 2)
    panels = arrange(actors, views, layout, size)
    count = max(len(actor) for actor in actors)
    frames = [[min(i, len(actor) - 1) for actor in actors] for i in range(count)]
    with closing(open_scene(actors, panels, size, renderer)) as scene:
        captions = Captions(scene, actors, panels, size, compare)
        pictures = (captions.write(scene.draw(at), at) for at in frames)
        with atomic_write(path) as temporary:
            write_video(temporary, _with_progress(pictures, count, path.name, progress), size, fps)
    return path


def write_video(path: str | Path, pictures: Iterable[np.ndarray], size: tuple[int, int], fps: float) -> None:
    """Encode pictures (H, W, 3) uint8 of `size` (width, height), both even. Raises InputError where ffmpeg fails."""
    from imageio_ffmpeg import get_ffmpeg_exe

    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", f"{fps:g}", "-i", "-"]
    codec = [
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-crf",
        _QUALITY,
        "-pix_fmt",
        "yuv420p",
        "-movflags",
        "+faststart",
    ]
    command = [get_ffmpeg_exe(), "-y", "-loglevel", "error", *source, "-an", *codec, "-f", "mp4", str(path)]
    encoder = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    try:
        try:
            for picture in pictures:
                encoder.stdin.write(np.ascontiguousarray(picture))
            encoder.stdin.close()
        except BrokenPipeError:
            pass  # ffmpeg has ended, and says why below
        complaint = encoder.stderr.read().decode(errors="replace").strip()
        if encoder.wait():
            raise InputError(f"{path}: the video could not be written ({complaint.splitlines()[-1:] or 'no reason'})")
    finally:
        encoder.kill()
        encoder.wait()
        encoder.stderr.close()


def _with_progress(pictures, frames: int, name: str, shown: bool):
    from tqdm import tqdm

    return tqdm(pictures, total=frames, desc=name, unit="frame", disable=not shown)
