"""Several repetitions in one motion: they join without a jump, each is the guided squat, and each is judged."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from bodies import SimpleSkeleton, squat

from dataset.errors import InputError
from dataset.io.motion import Motion
from dataset.locations import SHIPPED_DEMO
from dataset.windows.segmentation import segment_repetitions
from dataset.windows.standing import REST_FRAMES
from models.conventions import COORDINATE_INDEX, FRAME_RATE_HZ, MUSCLES
from models.surrogate.prediction import MusclePrediction
from utils.guidance.guidance_config import GuidanceConfig
from utils.guidance.guided_sample import GuidedSample
from utils.guidance.measures import measure_samples
from utils.guidance.objective.constraint_grammar import parse_term
from utils.guidance.objective.constraints import Term
from utils.guidance.objective.whole_motion import of_repetitions, whole_motion_terms
from utils.guidance.output.result_files import load_guidance
from utils.guidance.output.run_writer import RunWriter
from utils.guidance.pipeline import run_guidance
from utils.guidance.repeated_squats import chain, values_of_repetitions
from utils.report.page import build_page


def test_repetitions_join_with_the_position_and_the_speed_of_the_next():
    motion = squat(2, 150)
    motion = torch.cat([motion, motion[:, -1:].expand(-1, 46, -1)], 1).double()
    motion[..., COORDINATE_INDEX["arm_flex_r"]] += torch.linspace(0, 20, 196)  # ends elsewhere, and moving
    chained = chain(motion, 3)
    assert chained.shape == (2, 3 * 196, 33)
    for k in range(3):
        torch.testing.assert_close(chained[:, 196 * k : 196 * (k + 1) - REST_FRAMES], motion[:, :-REST_FRAMES])
    torch.testing.assert_close(chained[:, -196:], motion)
    # The step onto the first frame of the next repetition is that repetition's own first step.
    seam = slice(196 - REST_FRAMES - 2, 198)
    steps = chained[:, seam].diff(dim=1)
    torch.testing.assert_close(steps[:, -2], motion[:, 1] - motion[:, 0], atol=0.2, rtol=0)
    acceleration = steps.diff(dim=1).abs() * FRAME_RATE_HZ**2
    arm = COORDINATE_INDEX["arm_flex_r"]
    shortest = 20 * 10 / np.sqrt(3) / (REST_FRAMES / FRAME_RATE_HZ) ** 2  # of a quintic over the same way and time
    assert acceleration[..., arm].max() < 1.5 * shortest


def test_a_whole_motion_holds_as_many_squats_as_asked():
    asked = Term("repetitions", "sum", "within", 0, 9)
    terms = of_repetitions([*whole_motion_terms(), asked], 3)
    counts = [(term.low, term.high) for term in terms if term.quantity == "repetitions"]
    assert counts == [(pytest.approx(2.9), pytest.approx(3.1)), (0, 9)]
    assert [term for term in terms if term.quantity != "repetitions"] == whole_motion_terms()[1:]


@pytest.mark.parametrize("wish", ["", ":wish"])
def test_the_value_of_a_motion_is_that_of_the_repetition_that_misses_most(wish):
    """Two motions of three squats; what is asked is missed most by the deepest or by the shallowest of them."""
    depths = [[80.0, 100.0, 90.0], [101.0, 99.0, 60.0]]
    motion = torch.stack([torch.cat([squat(depth_deg=depth)[0] for depth in row]) for row in depths])
    prediction = MusclePrediction(torch.zeros(2, 3 * 196, 80))
    terms = [parse_term(f"knee_flexion:max:{bound}{wish}") for bound in ("below:85", "above:95", "within:75:100")]
    terms += [term for term in whole_motion_terms() if term.quantity == "repetitions"]
    found = values_of_repetitions(motion, prediction, 3, terms, SimpleSkeleton(), None)
    for values, expected in zip(found, ([100, 101], [80, 60], [None, 60]), strict=False):
        for value, peak in zip(values[:, 0].tolist(), expected, strict=True):
            assert peak is None or value == pytest.approx(peak, abs=0.1)
    assert found[-1][:, 0].tolist() == pytest.approx([3, 3], abs=0.2)  # of the whole


@pytest.mark.parametrize("repetitions", [0, 31])
def test_the_number_of_repetitions_is_limited(repetitions):
    with pytest.raises(InputError, match="repetitions"):
        GuidanceConfig(subject="person", repetitions=repetitions)


def guide_two_repetitions(tmp_path, **options):
    config = GuidanceConfig(
        subject=str(SHIPPED_DEMO / "Data" / "demo-person-040"),
        repetitions=2,
        min_samples=1,
        threads=1,
        device="cpu",
        out_dir=tmp_path,
        **options,
    )
    with RunWriter(config) as writer:
        result = run_guidance(config, writer)
        writer.write(result)
    return config, result


def test_each_repetition_of_a_guided_motion_is_simulated_and_judged(tmp_path):
    config, result = guide_two_repetitions(tmp_path, total_iter=30, refine=0)
    (motion,) = result.motion
    spans = segment_repetitions(Motion(np.arange(len(motion)) / FRAME_RATE_HZ, motion.double().numpy()))
    assert len(spans) == 2
    (count,) = (k for k, term in enumerate(result.terms) if term.quantity == "repetitions")
    assert result.verification.term_values[count].item() == pytest.approx(2, abs=0.1)
    (peak,) = (k for k, term in enumerate(result.terms) if term.quantity == "activation")
    vasmed = [MUSCLES.index(f"vasmed_{side}") for side in "lr"]
    of_each = torch.stack([part[:, 12:-12, vasmed].amax(1) for part in result.verification.activations.chunk(2, 1)])
    torch.testing.assert_close(of_each[0], of_each[1], atol=0.01, rtol=0)
    assert (result.verification.term_values[peak] - of_each).abs().amin() < 1e-6
    assert result.predicted_values(count).item() == pytest.approx(2, abs=0.1)
    loaded = load_guidance(tmp_path / config.exp_name)
    assert torch.equal(loaded.motion, result.motion)
    assert loaded.config.repetitions == 2
    assert loaded.file_names[0] in build_page(loaded)
    assert "mean over its 2 repetitions" in build_page(loaded)


def test_the_measures_of_repetitions_are_those_of_the_written_motion():
    """The second of two squats is deeper and lasts longer: the maximum is its own, and times are means."""
    brief, deep = squat(1, 100, 70.0), squat(1, 140, 100.0)
    parts = [torch.cat([one, one[:, -1:].expand(-1, 196 - one.shape[1], -1)], 1) for one in (brief, deep)]
    known = torch.zeros(392, 80)
    sample = GuidedSample(0, known, torch.cat(parts, 1)[0], known, (), (), 0.0, 0.0, -1)
    found = measure_samples([sample], SimpleSkeleton(), "vasmed", 2)
    each = [
        measure_samples([replace(sample, motion=part[0], activations=known[:196])], SimpleSkeleton(), "vasmed")
        for part in parts
    ]
    assert found["knee_flexion_max"].values[0].tolist() == pytest.approx([100, 100], abs=0.1)
    times = [float(one["descent_time_mean"].values) for one in each]
    assert times[1] > times[0] + 0.2
    assert float(found["descent_time_mean"].values) == pytest.approx(sum(times) / 2)
    assert found.keys() == each[0].keys()


def test_repetitions_are_judged_by_predicted_forces_where_the_simulation_is_left_out(tmp_path):
    """The surrogate predicts each repetition as it is written, its forces among them."""
    _, result = guide_two_repetitions(
        tmp_path, verify=False, total_iter=5, constraint=["load_share_l:mean:within:0.4:0.6"]
    )
    (share,) = (k for k, term in enumerate(result.terms) if term.quantity == "load_share_l")
    assert 0.4 < float(result.samples[0].values[share]) < 0.6
    assert result.activations.shape == (1, *result.motion.shape[1:2], 80)
    first, second = result.activations.chunk(2, 1)
    torch.testing.assert_close(first[:, :-60], second[:, :-60], atol=0.02, rtol=0)
    assert not torch.equal(first[:, -24:], second[:, -24:])  # where the first leads into the second
