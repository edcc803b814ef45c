"""When the search by simulation goes on, and when it ends."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from bodies import SimpleSkeleton, SimpleSurrogate, squat

from utils.guidance import simulated_search
from utils.guidance.guided_sample import GuidedSample
from utils.guidance.simulated_search import _Search, own_context
from utils.guidance.verification import SimulatedMotion


@dataclass(frozen=True)
class Optimizer:
    """Of an optimiser the iterations of a first attempt; 0 for none."""

    brief: int


class ScriptedSearch(_Search):
    """A search in which each attempt ends as its script says: motions that surrogate and simulation accept."""

    def __init__(self, *script: tuple[int, int]) -> None:
        self.script, self.wanted, self.used, self.starts = list(script), [], 0, []
        config, latents = SimpleNamespace(num_runs=1000), SimpleNamespace(sampler=None)
        self.prepared: Any = SimpleNamespace(config=config, latents=latents, own=None, iterations=100)
        self.optimizer: Any = Optimizer(brief=0)
        self.should_stop = lambda: False

    def search_by_surrogate(self, wanted: int) -> list[Any]:
        self.wanted.append(wanted)
        self.starts.append(self.used)
        self.used += wanted
        by_surrogate, by_simulation = self.script[len(self.wanted) - 1]
        return [SimpleNamespace(accepted=j < by_surrogate, met=j < by_simulation) for j in range(wanted)]

    def simulate_and_refine(self, samples: list[Any], simulator: Any, on_round: Any) -> tuple[list[Any], list[Any]]:
        return samples, [None] * len(samples)

    def _answers(self, samples: list[Any], simulations: list[Any]) -> int:
        return sum(sample.met for sample in samples)

    def _accepted(self, samples: list[Any], simulations: list[Any]) -> dict[int, Any]:
        return {}


@pytest.mark.parametrize(
    ("script", "wanted", "met"),
    [
        ([(4, 4), (16, 16)], [4, 16], 20),
        ([(4, 4), (16, 14), (0, 1), (1, 1)], [4, 16, 4, 4], 20),  # the surrogate refuses the few of the third attempt
        ([(0, 0)], [4], 0),  # nothing was ever met
        ([(4, 0), (4, 0)], [4, 4], 0),  # by the surrogate alone
        ([(4, 4), (0, 0)], [4, 16], 4),  # sixteen that are refused say enough
        ([(4, 4), (10, 10), (4, 4), (2, 2)], [4, 16, 6, 4], 20),
        ([(4, 4), (16, 14), (0, 0), (0, 0), (1, 1)], [4, 16, 4, 4], 18),  # two attempts gave nothing new
        ([(4, 4), (16, 14), (0, 0), (1, 1), (1, 1)], [4, 16, 4, 4, 4], 20),
    ],
)
def test_motions_are_replaced_until_all_are_met_or_there_is_no_prospect(script, wanted, met):
    search = ScriptedSearch(*script)
    samples, simulations = search.search_by_simulation(20, simulator=None)
    assert search.wanted == wanted
    assert sum(sample.met for sample in samples) == met
    assert len(samples) == len(simulations) == sum(wanted)


@pytest.mark.parametrize(
    ("script", "starts", "met", "brief"),
    [
        ([(4, 0), (4, 4), (16, 16)], [0, 0, 4], 20, 0),
        ([(4, 0), (4, 0), (4, 0)], [0, 0, 4], 0, 0),  # at length in vain, too
        ([(4, 1), (19, 19)], [0, 4], 20, 50),
        ([(0, 0)], [0], 0, 50),  # what the surrogate does not meet is not for want of iterations
    ],
)
def test_where_the_simulation_rejects_all_the_same_starts_are_optimised_at_length(script, starts, met, brief):
    search = ScriptedSearch(*script)
    search.optimizer = Optimizer(brief=50)
    samples, _ = search.search_by_simulation(20, simulator=None)
    assert search.starts == starts
    assert sum(sample.met for sample in samples) == met
    assert search.optimizer.brief == brief


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ([(0, 0)], "after 4 starts, since there is little prospect of further answers: the simulation accepts 0 of 20"),
        ([(4, 4), (6, 6)], "after 20 starts, since --num-runs allows no more: the simulation accepts 10 of 20"),
        ([(4, 4), (16, 16)], ""),
    ],
)
def test_a_search_that_ends_before_enough_are_met_says_why(script, said, caplog):
    caplog.set_level("INFO", logger="bige")
    search = ScriptedSearch(*script)
    search.prepared.config.num_runs = 20
    search.search_by_simulation(20, simulator=None)
    ends = [message for message in caplog.messages if message.startswith("the search ends")]
    assert ends == ([f"the search ends {said} motions"] if said else [])


def test_what_an_interrupted_search_has_found_is_kept_where_the_simulation_rejects_all():
    search = ScriptedSearch((4, 0), (4, 4))
    search.optimizer, search.should_stop = Optimizer(brief=50), lambda: True
    samples, _ = search.search_by_simulation(20, simulator=None)
    assert (search.starts, len(samples), search.optimizer.brief) == ([0], 4, 50)


def test_further_attempts_use_the_starts_that_follow_and_no_more_than_there_are(monkeypatch):
    drawn, offered = [], []

    def search(optimizer: Any, start: Any, *, wanted: int, starts: int, **others: Any) -> list[GuidedSample]:
        offered.append(starts)
        for number in range(min(wanted, starts)):
            start(number)
        nothing = torch.zeros(1)
        return [GuidedSample(0, nothing, nothing, nothing, (), (), 0.0, 0.0, -1)] * min(wanted, starts)

    monkeypatch.setattr(simulated_search, "search", search)
    run = ScriptedSearch()
    config = SimpleNamespace(num_runs=7, verify=True, batch_size=4, give_up=2)
    run.prepared = SimpleNamespace(
        config=config, latents=SimpleNamespace(sampler=drawn.append), models=SimpleNamespace(skeleton=None),
        iterations=100, most_iterations=130,
    )  # fmt: skip
    told: list[int] = []
    run.progress, run.on_iteration = SimpleNamespace(begin=told.append), None
    numbers = []
    for brief in (30, 30, 0):
        run.optimizer = Optimizer(brief)
        numbers.append([sample.start for sample in _Search.search_by_surrogate(run, 3)])
    assert told == [130, 130, 100]  # iterations of a batch at most
    assert drawn == [0, 1, 2, 3, 4, 5, 6]
    assert offered == [7, 4, 1]
    assert numbers == [[0] * 3, [3] * 3, [6]]
    assert run.used == config.num_runs


def test_own_squats_count_with_what_the_simulation_finds_and_else_with_what_the_surrogate_predicts():
    own, predicted = squat(2), SimpleSurrogate()(squat(2))
    simulations = [
        SimulatedMotion(
            *(part[j] / 2 for part in predicted), residual_n=0.0, right_foot_share=0.5, reserves_nm=torch.zeros(14),
            foot_contact=torch.ones(196, 2), unexplained=torch.zeros(5), reserves_bw_m=torch.zeros(14),
        )
        for j in range(2)
    ]  # fmt: skip
    prepared: Any = SimpleNamespace(
        own=SimpleNamespace(placed=own), models=SimpleNamespace(own=SimpleNamespace(prediction=predicted)),
        own_simulations=simulations,
    )  # fmt: skip
    found = own_context(prepared, SimpleSkeleton())
    torch.testing.assert_close(found.activations, predicted.activations.double() / 2)
    prepared.own_simulations = None
    found = own_context(prepared, SimpleSkeleton())
    torch.testing.assert_close(found.activations, predicted.activations.double())
    prepared.own = None
    assert own_context(prepared, SimpleSkeleton()) is None
