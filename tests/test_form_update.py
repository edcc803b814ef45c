"""Updates in which equal steps change a motion alike, and the descent by steps of one length."""

import pytest
import torch

from dataset.locations import SHIPPED_DEMO
from utils.biomechanics.own_comparison import FORM
from utils.biomechanics.quantities.own import ARMS
from utils.guidance.guidance_config import GuidanceConfig
from utils.guidance.latents.latent_updates import ElementwiseUpdate, FormUpdate, PCAUpdate
from utils.guidance.latents.normalized_descent import NormalizedDescent
from utils.guidance.objective.own_bounds import CHANGES_FROM_OWN, VARIED_FORM, FormWeights
from utils.guidance.preparation import prepare
from utils.guidance.subject.form_metric import form_metric

WEIGHT = 1.5


@pytest.fixture
def principal():
    return PCAUpdate(torch.randn(9, 3, 4, generator=torch.Generator().manual_seed(0)))


@pytest.fixture
def form(principal):
    """The matrix of a form that some components change a thousand times as much as others."""
    count = len(principal.components)
    jacobian = torch.randn(count, 40, generator=torch.Generator().manual_seed(1)).double()
    jacobian *= torch.logspace(1, -2, count)[:, None]
    return jacobian @ jacobian.T


def test_what_is_to_be_small_is_the_squared_length_of_the_variable(principal, form):
    """Its part that draws to the start is the squared size, that which draws to the own squats has the same weight."""
    update = FormUpdate(principal, form, FormWeights(WEIGHT, WEIGHT))
    variable = torch.randn(6, len(form), generator=torch.Generator().manual_seed(2))
    displacement = update(variable)
    components = principal.variable(displacement).double()
    change_of_form = ((components @ form) * components).sum(1)
    size = update.squared_size(displacement).double()
    expected = principal.squared_size(displacement) + WEIGHT * change_of_form
    torch.testing.assert_close(size, expected, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(size + WEIGHT * change_of_form, variable.square().sum(1).double(), rtol=1e-3, atol=1e-3)


def test_each_element_of_a_displacement_counts_in_standard_deviations_of_the_latents():
    displacement = torch.tensor([[[3.0, 0.0], [0.0, 4.0]], [[2.0, 2.0], [2.0, 2.0]]])
    torch.testing.assert_close(ElementwiseUpdate(2.0).squared_size(displacement), torch.tensor([6.25, 4.0]))


def test_a_constraints_gradient_points_where_it_is_met_at_the_least_change(principal, form):
    update = FormUpdate(principal, form, FormWeights(WEIGHT, WEIGHT))
    constraint = torch.randn(len(form), generator=torch.Generator().manual_seed(3)).double()
    variable = update.zero(torch.zeros(1, 3, 4)).requires_grad_()
    value = principal.variable(update(variable)).double() @ constraint
    (gradient,) = torch.autograd.grad(value.sum(), variable)
    reached = principal.variable(update(gradient))[0].double()
    cost = 0.01 * torch.eye(len(form)).double() + 2 * WEIGHT * form
    least = torch.linalg.solve(cost, constraint)  # of all changes of one cost it has the greatest value
    assert torch.nn.functional.cosine_similarity(reached, least, dim=0) > 0.9999
    assert torch.nn.functional.cosine_similarity(constraint, least, dim=0) < 0.9


def test_every_row_makes_steps_of_one_length_along_its_own_gradient():
    rows = torch.tensor([[3.0, 4.0], [3e-6, 4e-6], [0.0, 0.0], [-3e5, 4e5]])
    variable = torch.zeros(4, 2, requires_grad=True)
    descent = NormalizedDescent([variable], lr=0.5)
    variable.grad = rows.clone()
    descent.step()
    expected = torch.tensor([[-0.3, -0.4], [-0.3, -0.4], [0.0, 0.0], [0.3, -0.4]])
    torch.testing.assert_close(variable.detach(), expected)
    for _ in range(20):  # momentum does not lengthen the steps
        before = variable.detach().clone()
        variable.grad = rows.clone()
        descent.step()
    torch.testing.assert_close(variable.detach() - before, expected)


@pytest.mark.parametrize("moves", ["principal", "anywhere"])
def test_a_degree_of_form_costs_as_much_from_the_start_and_from_the_own_squats_together(moves):
    person = SHIPPED_DEMO / "Data" / "demo-person-040"
    prepared = prepare(GuidanceConfig(subject=str(person), move=moves, threads=1, verify=False))
    wishes = [term.weight for term in prepared.terms if term.quantity in CHANGES_FROM_OWN and not term.required]
    update = prepared.latents.update
    if moves == "principal":  # variations are kept
        assert isinstance(update, FormUpdate)
        assert not torch.allclose(update.size, 0.01 * torch.eye(len(update.size)))
        assert wishes == pytest.approx([VARIED_FORM.own * prepared.config.own_weight] * 4)
    else:  # form counts from the own squats alone
        assert isinstance(update, ElementwiseUpdate)
        assert wishes == pytest.approx([sum(VARIED_FORM) * prepared.config.own_weight] * 4)


def test_the_form_metric_tells_by_how_much_small_changes_change_a_motion():
    """With the shipped networks on a shipped person whom they were not trained on."""
    person = SHIPPED_DEMO / "Data" / "demo-person-040"
    prepared = prepare(GuidanceConfig(subject=str(person), threads=1, verify=False))
    models, update = prepared.models, prepared.latents.update
    assert isinstance(update, FormUpdate)
    z = prepared.latents.sampler(0)
    metric = form_metric(models, z, update.principal)
    steps = torch.randn(5, len(metric), generator=torch.Generator().manual_seed(4))
    with torch.no_grad():
        before, after = (
            models.placed(models.vqvae.decode(latents))[0] for latents in (z[None], z + update.principal(0.3 * steps))
        )
    squared = (after - before).double().square()
    measured = squared[..., FORM].mean((1, 2)) + squared[..., ARMS].mean((1, 2))
    predicted = 0.09 * ((steps.double() @ metric) * steps).sum(1)
    torch.testing.assert_close(predicted, measured, rtol=0.1, atol=0)
    # The change of the whole motion by one unit of the variable of `update` is the same in every direction.
    spread = torch.linalg.eigvalsh(update.transform.double() @ metric @ update.transform.double())
    assert spread.max() < 1 / sum(VARIED_FORM) + 1e-4
    assert torch.linalg.cond(metric) > 1e4
