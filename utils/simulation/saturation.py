"""Muscles and reserve actuators that a simulation drives to their limits."""

from collections.abc import Callable, Mapping, Sequence

from torch import Tensor

from models.conventions import MUSCLES, SIDES
from models.muscles.moment_arms import LEG_COORDINATES

# Against OpenCap's own simulations of four repetitions these agree poorly (r < .9) or are over-activated; see
# docs/accuracy.md.
WEAK_MUSCLES = {
    "calf": ("gasmed", "gaslat", "soleus"),
    "foot": ("tibant", "tibpost", "edl", "ehl", "fdl", "fhl", "perbrev", "perlong"),
    "two-joint thigh": ("recfem", "semimem", "bflh", "sart", "tfl"),
    "hip": ("psoas", "iliacus", "glmed1", "glmed2", "glmed3", "glmin1", "glmin2", "glmin3"),
}
RESERVE_NAMES = tuple(f"{name}_{side}" for side in SIDES for name in LEG_COORDINATES)
_WEAK = {name for group in WEAK_MUSCLES.values() for name in group}
_TOO_WEAK = "fully active, since the model is too weak for this motion"
_UNRELIABLE = "fully active among the muscles that are not to be relied on"
FULL = 0.99  # activation
_LEAST_SHARE = 0.05  # of the frames


def saturated_muscles(activations: Tensor) -> dict[str, float]:
    """Muscles that are fully active (at least .99) in 5 % of the frames or more, with that share, the largest first.

    The model is too weak there: other muscles and reserve actuators make up for what is lacking.

    Args:
        activations: (..., 80) 0 to 1.
    """
    shares = (activations.reshape(-1, len(MUSCLES)) >= FULL).double().mean(0).tolist()
    found = {name: share for name, share in zip(MUSCLES, shares, strict=True) if share >= _LEAST_SHARE}
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def saturation_sentence(shares: Mapping[str, float]) -> str:
    """The warning of `saturated_muscles`, those known to be weak last; empty where there is none."""

    def named(is_weak: bool) -> str:
        return ", ".join(f"{n} {share:.0%}" for n, share in shares.items() if (n[:-2] in _WEAK) == is_weak)

    parts = []
    if strong := named(False):
        parts.append(f"{_TOO_WEAK} (share of the frames): {strong}")
    if others := named(True):
        parts.append(f"{_UNRELIABLE}: {others}")
    return "; ".join(parts)


def saturation_of_samples(
    found: Sequence[Mapping[str, float]], spoken: Callable[[str], str] = lambda name: name
) -> list[str]:
    """At most two sentences, without a full stop, on what `saturated_muscles` finds of each of several samples.

    Samples are named by number where a muscle is concerned that is to be relied on, and counted for the others.

    Args:
        found: what it finds of each sample.
        spoken: how a muscle is called, by its name.
    """
    samples: dict[str, list[int]] = {}
    for number, shares in enumerate(found):
        for name in shares:
            samples.setdefault(name, []).append(number)

    def where(name: str) -> str:
        numbers, most = samples[name], max(shares.get(name, 0) for shares in found)
        if len(numbers) == len(found):
            which = "all samples" if len(found) > 1 else "the sample"
        elif name[:-2] in _WEAK:
            which = f"{len(numbers)} of {len(found)} samples"
        else:
            which = f"sample{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"
        return f"{spoken(name)} in {which} (up to {most:.0%} of the frames)"

    by_extent = sorted(samples, key=lambda name: -len(samples[name]))
    texts = [
        (reason, ", ".join(where(name) for name in by_extent if (name[:-2] in _WEAK) == is_weak))
        for reason, is_weak in ((_TOO_WEAK, False), (_UNRELIABLE, True))
    ]
    return [f"{reason}: {text}" for reason, text in texts if text]


def reserve_rms_nm(reserves: Tensor) -> Tensor:
    """RMS (..., 14) in newton metres of reserve moments (..., T, 2, 7), in the order of `RESERVE_NAMES`."""
    return reserves.square().mean(-3).sqrt().flatten(-2)


def largest_reserve(rms_nm: Mapping[str, float]) -> tuple[str, float]:
    """The coordinate with the largest reserve and its RMS, newton metres, loose joints included."""
    return max(rms_nm.items(), key=lambda item: item[1])
