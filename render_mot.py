"""Draw motions on a person's skeleton: a video, a figure of five phases, or both. Needs no display and no GPU.

    python render_mot.py entry_0.mot --subject path/to/session --save-path entry_0.mp4
    python render_mot.py entry_0.mot own_squat.mot --subject path/to/session --compare --save-path both.mp4
    python render_mot.py entry_0.mot --subject path/to/session --view oblique --image phases.png
    python render_mot.py entry_0.mot --subject path/to/session --body smpl --smpl-model-dir path/to/smpl --image a.png
    python render_mot.py path/to/session entry_0.mot entry_0.mp4

The last form is <subject> <mot> <save>. Bones come from the session's OpenSimData/Model/Geometry, or else from the set
in the nimblephysics package. Muscles are drawn, coloured by activation, where a motion holds activations.
"""

from options.render_mot_options import build_parser, parse
from utils.cli import run


def main() -> None:
    arguments = parse(build_parser(__doc__))

    from dataset.errors import InputError
    from dataset.io.mot import read_motion
    from dataset.sessions import open_session
    from models.conventions import FRAME_RATE_HZ
    from utils.rendering.people import Person, make_actor, prepare_motion
    from utils.rendering.smpl_surface import no_surface, smpl_surfaces
    from utils.rendering.strip import render_strip
    from utils.rendering.video import render_video

    for path in filter(None, (arguments.save_path, arguments.image)):
        if path.exists() and not arguments.overwrite:
            raise InputError(f"{path}: is there already; name another file, or give --overwrite")
    motions = [read_motion(path) for path in arguments.motions]
    labels = arguments.label or [path.stem for path in arguments.motions]
    person = Person(open_session(arguments.subject, arguments.data_root).model_path)
    surface_of = no_surface
    if arguments.body == "smpl":
        surface_of = smpl_surfaces(person.skeleton, arguments.smpl_model_dir, arguments.trust_pickle)

    def actors(fps: float, repetition: int | None):
        shots = [prepare_motion(motion, fps, repetition) for motion in motions]
        return [
            make_actor(shot, person, label, surface=surface_of(shot.motion))
            for shot, label in zip(shots, labels, strict=True)
        ]

    shared = {"layout": arguments.layout, "compare": arguments.compare, "renderer": arguments.renderer}
    if arguments.save_path:
        drawn = actors(arguments.fps, arguments.repetition)
        render_video(arguments.save_path, drawn, fps=arguments.fps, size=arguments.size, views=arguments.view, **shared)
        print(arguments.save_path)
    if arguments.image:
        drawn = actors(FRAME_RATE_HZ, arguments.repetition)
        render_strip(arguments.image, drawn, view=arguments.view[0], **shared)
        print(arguments.image)


if __name__ == "__main__":
    run(main)
