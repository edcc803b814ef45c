"""Print how far the own squats of people are from the nearest own squat of another person.

    python benchmarks/people_apart.py SESSION SESSION ...

Sessions are folders, or ids of demo people. The difference is that of form, as in the table of requests: RMS over the
angles of legs, pelvis and trunk, in degrees, at the same shares of descent and ascent; and the same over all angles.
"""

from statistics import median

from benchmark_parser import make_parser, run_benchmark


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("sessions", nargs="+", help="Two or more people.")
    names = parser.parse_args().sessions

    from models.conventions import ROTATION_INDICES
    from utils.biomechanics.own_comparison import FORM
    from utils.guidance.guidance_config import GuidanceConfig
    from utils.guidance.preparation import prepare
    from utils.guidance.subject.squat_profile import form_differences

    own = {}
    for name in names:
        prepared = prepare(GuidanceConfig(dataname="demo", subject=name, threads=1, device="cpu", verify=False))
        if prepared.own is not None:
            own[prepared.session.id] = prepared.own.placed
    if len(own) < 2:
        parser.error(f"{len(own)} of {len(names)} sessions have squats on two feet; expected two or more people")
    print(f"{'':20}own squats   from the nearest of another: median   least   by all angles: median   least")
    for person, squats in own.items():
        others = [squat for other, theirs in own.items() if other != person for squat in theirs]
        of_form, of_all = (form_differences(list(squats), others, which).min(1) for which in (FORM, ROTATION_INDICES))
        cells = f"{median(of_form):35.1f}°{min(of_form):7.1f}°{median(of_all):23.1f}°{min(of_all):7.1f}°"
        print(f"{person:20}{len(squats):10}{cells}")


if __name__ == "__main__":
    run_benchmark(main)
