"""Measure the frame rate of rendering, and the time that drawing, captions and encoding take.

    python benchmarks/render.py SESSION MOT [MOT ...]

Draws one motion, then two side by side, and so on, at 1280x720: with bones, and muscles where the motions hold
activations, and then as stick figures. Other programs affect the wall time, but not the CPU time of this process.
"""

import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

FRAMES, SIZE = 40, (1280, 720)


def main(session: str, *paths: str) -> None:
    import tempfile

    import torch

    from dataset.io.mot import read_motion
    from dataset.sessions import open_session
    from utils.rendering.actor_preparation import make_actor
    from utils.rendering.captions import Captions
    from utils.rendering.opengl_support import opengl_works
    from utils.rendering.panels import arrange
    from utils.rendering.scene import open_scene
    from utils.rendering.subject_model import SubjectModel
    from utils.rendering.video import write_video

    torch.set_num_threads(1)
    subject = SubjectModel(open_session(session).model_path)
    actors = [make_actor(read_motion(path), subject, Path(path).stem, 60) for path in paths]
    renderers = ["opengl", "stick"] if opengl_works() else ["stick"]
    print(f"{'':24s} frames/s   ms a frame: draw (CPU)   captions   encode and rest")
    for renderer in renderers:
        for count in range(1, len(actors) + 1):
            shown = actors[:count]
            panels = arrange(shown, ["sagittal"], "side-by-side", SIZE)
            scene = open_scene(shown, panels, SIZE, renderer)
            captions = Captions(scene, shown, panels, SIZE)
            frames = [[i * (len(actor) - 1) // FRAMES for actor in shown] for i in range(FRAMES)]
            scene.draw(frames[0])  # the first picture opens the window
            spent = {"draw": 0.0, "cpu": 0.0, "captions": 0.0}

            def pictures(scene=scene, captions=captions, frames=frames, spent=spent):
                for at in frames:
                    start, cpu = time.perf_counter(), time.process_time()
                    picture = scene.draw(at)
                    spent["draw"] += time.perf_counter() - start
                    spent["cpu"] += time.process_time() - cpu
                    start = time.perf_counter()
                    picture = captions.write(picture, at)
                    spent["captions"] += time.perf_counter() - start
                    yield picture

            with tempfile.TemporaryDirectory() as folder:
                start = time.perf_counter()
                write_video(Path(folder) / "a.mp4", pictures(), SIZE, 60)
                whole = time.perf_counter() - start
            scene.close()
            a_frame = {name: 1000 * seconds / FRAMES for name, seconds in spent.items()}
            rest = 1000 * whole / FRAMES - a_frame["draw"] - a_frame["captions"]
            print(
                f"{renderer:8s} {count} person(s) {FRAMES / whole:13.1f} {a_frame['draw']:18.0f} "
                f"({a_frame['cpu']:.0f}) {a_frame['captions']:12.0f} {rest:14.0f}"
            )


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
