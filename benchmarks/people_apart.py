"""Print how far the own squats of people are from the nearest own squat of another person.

    python benchmarks/people_apart.py SESSION SESSION ...

Sessions are folders, or ids of demo people. The difference is that of form, as in the table of requests: RMS over the
angles of legs, pelvis and trunk, in degrees, at the same shares of descent and ascent.
"""

from statistics import median

from benchmark_parser import make_parser


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("sessions", nargs="+", help="Two or more people.")
    names = parser.parse_args().sessions

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
    print(f"{'':20}own squats   from the nearest of another: median   least")
    for person, squats in own.items():
        others = [squat for other, theirs in own.items() if other != person for squat in theirs]
        nearest = form_differences(list(squats), others).min(1)
        print(f"{person:20}{len(squats):10}{median(nearest):35.1f}°{min(nearest):7.1f}°")


if __name__ == "__main__":
    main()
