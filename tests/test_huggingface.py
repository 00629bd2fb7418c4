"""BERT, GPT-2 and Llama of `transformers`, small and random: our models give the same logits."""

import huggingface
import pytest
import torch
from tiny import N_HEADS, N_KV_HEADS, B, S, T, ids
from transformers import BertForMaskedLM, BertForSequenceClassification
from transformers.models.bloom.modeling_bloom import build_alibi_tensor

from transformer_lib.heads import Classifier, MaskedLanguageModel
from transformer_lib.next_token import NextToken
from transformer_lib.positions import alibi, alibi_slopes

TOKENS, SEGMENTS = ids(B, S), torch.tensor([[0, 0, 0, 1, 1, 1, 1]]).expand(B, S)
PADDED = TOKENS.clone()
PADDED[1, T:] = 0

rows = pytest.mark.parametrize("tokens", [TOKENS, PADDED], ids=["full", "padded"])
writers = pytest.mark.parametrize("make", [huggingface.gpt2, huggingface.llama])


def close(ours, theirs):
    """Compare to 1e-6: their Llama turns and normalises in single precision."""
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)


@rows
def test_our_encoder_equals_bert(tokens):
    theirs = huggingface.bert(BertForMaskedLM).bert

    output = theirs(tokens, tokens != 0, SEGMENTS).last_hidden_state

    close(huggingface.our_encoder(theirs)(tokens, SEGMENTS)[tokens != 0], output[tokens != 0])


@rows
def test_our_masked_language_model_equals_that_of_bert(tokens):
    theirs = huggingface.bert(BertForMaskedLM)
    ours = MaskedLanguageModel(huggingface.our_encoder(theirs.bert)).double().eval()
    head = theirs.cls.predictions
    huggingface.copy(
        [
            (head.transform.dense, ours.transform),
            (head.transform.LayerNorm, ours.norm),
            (head.decoder, ours.unembed),
        ]
    )

    logits = theirs(tokens, tokens != 0, SEGMENTS).logits

    close(ours(tokens, SEGMENTS)[tokens != 0], logits[tokens != 0])


@rows
def test_our_classifier_equals_that_of_bert(tokens):
    theirs = huggingface.bert(BertForSequenceClassification)
    ours = Classifier(huggingface.our_encoder(theirs.bert), huggingface.N_CLASSES).double().eval()
    huggingface.copy([(theirs.bert.pooler.dense, ours.pooler), (theirs.classifier, ours.classes)])

    close(ours(tokens, SEGMENTS), theirs(tokens, tokens != 0, SEGMENTS).logits)


def test_our_decoder_equals_gpt2():
    theirs, ours = huggingface.gpt2()

    close(ours(TOKENS), theirs(TOKENS).logits)


@pytest.mark.parametrize("n_kv_heads", [N_HEADS, N_KV_HEADS, 1], ids=["multi-head", "grouped", "one head"])
@pytest.mark.parametrize("tied", [True, False], ids=["tied", "apart"])
def test_our_decoder_equals_llama(n_kv_heads, tied):
    theirs, ours = huggingface.llama(n_kv_heads, tied)

    close(ours(TOKENS), theirs(TOKENS).logits)


@writers
def test_padding_at_the_end_changes_no_word(make):
    theirs, ours = make()

    logits = theirs(PADDED, attention_mask=PADDED != 0).logits

    close(ours(PADDED)[PADDED != 0], logits[PADDED != 0])


@writers
def test_the_caches_agree(make):
    theirs, ours = make()
    next_token = NextToken(ours)

    first = theirs(TOKENS[:, :T], use_cache=True)
    second = theirs(TOKENS[:, T:], past_key_values=first.past_key_values)

    close(next_token(TOKENS[:, :T]), first.logits[:, -1].detach())
    close(next_token(TOKENS), second.logits[:, -1].detach())


@pytest.mark.parametrize("n_heads", [1, 2, 3, 4, 6, 7, 8, 12])
def test_alibi_equals_that_of_bloom_up_to_a_constant_a_row(n_heads):
    theirs = build_alibi_tensor(torch.ones(1, T), n_heads, torch.float32)  # (heads, 1, T): slope · key

    ours = alibi(alibi_slopes(n_heads), 1, T)

    close(ours - ours[:, :, :1], theirs)
