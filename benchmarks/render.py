"""Measure the frame rate of rendering, and the time that drawing, captions and encoding take.

    python benchmarks/render.py SESSION MOT [MOT ...]

Draws one motion, then two side by side, and so on, at 1280x720: with bones, and muscles where the motions hold
activations, and then as stick figures. Other programs affect the wall time, but not the CPU time of this process.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmark_parser import make_parser, run_benchmark

FRAMES, SIZE, FPS = 40, (1280, 720), 60


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("session", metavar="SESSION", help="OpenCap session whose model is drawn")
    parser.add_argument("motions", metavar="MOT", nargs="+", type=Path, help="motion files")
    arguments = parser.parse_args()
    compare(arguments.session, arguments.motions)


def compare(session: str, paths: Sequence[Path]) -> None:
    import torch

    from dataset.io.mot import read_motion
    from dataset.sessions import open_session
    from utils.rendering.actor_preparation import make_actor
    from utils.rendering.opengl_support import opengl_works
    from utils.rendering.subject_model import SubjectModel

    torch.set_num_threads(1)
    subject = SubjectModel(open_session(session).model_path)
    actors = [make_actor(read_motion(path), subject, path.stem, FPS) for path in paths]
    print("renderer  motions  frames/s   ms per frame: draw  draw (CPU)  captions  encode and rest")
    for renderer in ("opengl", "stick") if opengl_works() else ("stick",):
        for count in range(1, len(actors) + 1):
            measure(actors[:count], renderer)


def measure(actors: Sequence[Any], renderer: str) -> None:
    """Encode a video of the actors with one renderer and print a line."""
    from utils.rendering.captions import Captions
    from utils.rendering.panels import arrange
    from utils.rendering.scene import open_scene
    from utils.rendering.video import write_video

    panels = arrange(actors, ["sagittal"], "side-by-side", SIZE)
    frames = [[i * (len(actor) - 1) // FRAMES for actor in actors] for i in range(FRAMES)]
    spent_s = {"draw": 0.0, "cpu": 0.0, "captions": 0.0}

    with closing(open_scene(actors, panels, SIZE, renderer)) as scene, tempfile.TemporaryDirectory() as folder:
        captions = Captions(scene, actors, panels, SIZE)
        scene.draw(frames[0])  # the first picture opens the window

        def pictures() -> Iterator[Any]:
            for at in frames:
                start, cpu = time.perf_counter(), time.process_time()
                picture = scene.draw(at)
                spent_s["draw"] += time.perf_counter() - start
                spent_s["cpu"] += time.process_time() - cpu
                start = time.perf_counter()
                picture = captions.write(picture, at)
                spent_s["captions"] += time.perf_counter() - start
                yield picture

        start = time.perf_counter()
        write_video(Path(folder) / "a.mp4", pictures(), SIZE, FPS)
        whole_s = time.perf_counter() - start
    draw, cpu, written = (1000 * seconds / FRAMES for seconds in spent_s.values())
    rest = 1000 * whole_s / FRAMES - draw - written
    rate = FRAMES / whole_s
    print(f"{renderer:8s} {len(actors):8d} {rate:9.1f} {draw:20.0f} {cpu:11.0f} {written:9.0f} {rest:16.0f}")


if __name__ == "__main__":
    run_benchmark(main)
