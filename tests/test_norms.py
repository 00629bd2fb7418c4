"""LayerNorm and RMSNorm: equal to torch's, and what they leave unchanged."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny import B, T, has_right_gradients, law, rand, shaken
from torch import nn

from transformer_lib.config import BERT, LLAMA
from transformer_lib.norms import LayerNorm, RMSNorm, make_norm

D = 7
# A large eps, so that a norm that forgot it would show; and the one each norm has if none is given.
settings = pytest.mark.parametrize("eps", [{"eps": 0.3}, {}], ids=["large eps", "default eps"])
both = pytest.mark.parametrize("norm", [LayerNorm(D).double(), RMSNorm(D).double()], ids=["layer", "rms"])


@settings
def test_layer_norm_equals_torch(eps):
    ours, theirs = shaken(LayerNorm(D, **eps)), nn.LayerNorm(D, **eps, dtype=torch.float64)
    theirs.load_state_dict({"weight": ours.scale, "bias": ours.shift})

    torch.testing.assert_close(ours(rand(B, T, D)), theirs(rand(B, T, D)))
    assert ours.eps == theirs.eps


def test_layer_norm_without_bias_equals_torch():
    ours, theirs = shaken(LayerNorm(D, bias=False)), nn.LayerNorm(D, bias=False, dtype=torch.float64)
    theirs.load_state_dict({"weight": ours.scale})

    torch.testing.assert_close(ours(rand(B, T, D)), theirs(rand(B, T, D)))


@settings
def test_rms_norm_equals_torch(eps):
    ours, theirs = shaken(RMSNorm(D, **eps)), nn.RMSNorm(D, eps=eps.get("eps", 1e-5), dtype=torch.float64)
    theirs.load_state_dict({"weight": ours.scale})

    torch.testing.assert_close(ours(rand(B, T, D)), theirs(rand(B, T, D)))
    assert ours.eps == theirs.eps


@both
@given(st.integers(0, 2**31), st.floats(0.5, 9))
@law
def test_a_token_made_longer_stays_the_same(norm, seed, factor):
    x = rand(T, D, seed=seed) * 1e3  # so long that eps counts for nothing

    torch.testing.assert_close(norm(factor * x), norm(x))


@given(st.integers(0, 2**31), st.floats(-9, 9))
@law
def test_layer_norm_forgets_the_mean_and_rms_norm_does_not(seed, shift):
    layer, rms, x = LayerNorm(D).double(), RMSNorm(D).double(), rand(T, D, seed=seed)

    torch.testing.assert_close(layer(x + shift), layer(x))
    assert not torch.allclose(rms(x + 10), rms(x))


@both
def test_no_token_looks_at_another(norm):
    x = rand(B, T, D)

    torch.testing.assert_close(norm(x)[1, 2], norm(x[1, 2]))


@pytest.mark.parametrize("make", [LayerNorm, RMSNorm])
def test_gradients_are_those_of_finite_differences(make):
    assert has_right_gradients(shaken(make(D)), rand(B, T, D).requires_grad_())


@pytest.mark.parametrize(
    ("family", "kind"),
    [(BERT, LayerNorm), (replace(LLAMA, eps=0.3), RMSNorm)],
    ids=["layer norm", "rms norm"],
)
def test_a_family_has_its_norm_and_its_eps(family, kind):
    norm = make_norm(D, family)

    assert type(norm) is kind
    assert norm.eps == family.eps
    assert norm.scale.tolist() == [1.0] * D


@pytest.mark.parametrize("make", [LayerNorm, RMSNorm])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_norms_keep_the_type_of_the_model(make, dtype):
    norm, x = shaken(make(D)), rand(T, D)
    expected = norm(x)

    low = norm.to(dtype)(x.to(dtype))

    assert low.dtype == dtype
    torch.testing.assert_close(low.double(), expected, rtol=0.05, atol=0.05)
