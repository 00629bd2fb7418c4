"""Small random models of `transformers`, and ours with the same weights."""

from dataclasses import replace

import torch
from tiny import D_HEAD, D_MODEL, N_HEADS, N_KV_HEADS, SIZES, VOCAB, shaken
from torch import nn
from transformers import BertConfig, GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from transformer_lib.config import BERT, GPT2, LLAMA, DecoderConfig, EncoderConfig
from transformer_lib.models import Decoder, Encoder

N_CLASSES = 3


def copy(pairs):
    """Copy all parameters of each module into those of its partner."""
    with torch.no_grad():
        for theirs, ours in pairs:
            for source, target in zip(theirs.parameters(), ours.parameters(), strict=True):
                target.copy_(source)


def bert(kind):
    """A model of BERT's, such as BertForMaskedLM."""
    config = BertConfig(
        vocab_size=VOCAB,
        hidden_size=D_MODEL,
        num_hidden_layers=SIZES["n_layers"],
        num_attention_heads=N_HEADS,
        intermediate_size=SIZES["d_ff"],
        max_position_embeddings=SIZES["max_len"],
        num_labels=N_CLASSES,
    )
    return shaken(kind(config))


def our_encoder(theirs):
    """Our Encoder with the weights of a BertModel."""
    ours = Encoder(EncoderConfig(vocab_size=VOCAB, family=BERT, **SIZES)).double().eval()
    embeddings = theirs.embeddings
    copy(
        [
            (embeddings.word_embeddings, ours.embedding.tokens),
            (embeddings.position_embeddings, ours.embedding.positions),
            (embeddings.token_type_embeddings, ours.segments),
            (embeddings.LayerNorm, ours.embedding_norm),
        ]
    )
    for layer, block in zip(theirs.encoder.layer, ours.blocks, strict=True):
        copy(
            [
                (layer.attention.self.query, block.attention.w_q),
                (layer.attention.self.key, block.attention.w_k),
                (layer.attention.self.value, block.attention.w_v),
                (layer.attention.output.dense, block.attention.w_o),
                (layer.attention.output.LayerNorm, block.attention_residual.norm),
                (layer.intermediate.dense, block.feed_forward.widen),
                (layer.output.dense, block.feed_forward.narrow),
                (layer.output.LayerNorm, block.feed_forward_residual.norm),
            ]
        )
    return ours


def gpt2():
    """GPT-2, and our Decoder with its weights."""
    config = GPT2Config(
        vocab_size=VOCAB,
        n_positions=SIZES["max_len"],
        n_embd=D_MODEL,
        n_layer=SIZES["n_layers"],
        n_head=N_HEADS,
        n_inner=SIZES["d_ff"],
        bos_token_id=1,
        eos_token_id=2,
    )
    theirs = shaken(GPT2LMHeadModel(config))
    ours = Decoder(DecoderConfig(vocab_size=VOCAB, family=GPT2, **SIZES)).double().eval()
    body = theirs.transformer
    copy([(body.wte, ours.embedding.tokens), (body.wpe, ours.embedding.positions), (body.ln_f, ours.norm)])
    for layer, block in zip(body.h, ours.blocks, strict=True):
        copy(
            [
                (layer.ln_1, block.attention_residual.norm),
                (_upright(layer.attn.c_attn, 0), block.attention.w_q),
                (_upright(layer.attn.c_attn, 1), block.attention.w_k),
                (_upright(layer.attn.c_attn, 2), block.attention.w_v),
                (_upright(layer.attn.c_proj), block.attention.w_o),
                (layer.ln_2, block.feed_forward_residual.norm),
                (_upright(layer.mlp.c_fc), block.feed_forward.widen),
                (_upright(layer.mlp.c_proj), block.feed_forward.narrow),
            ]
        )
    return theirs, ours


def llama(n_kv_heads=N_KV_HEADS, tied=True):
    """Llama, and our Decoder with its weights."""
    config = LlamaConfig(
        vocab_size=VOCAB,
        hidden_size=D_MODEL,
        intermediate_size=SIZES["d_ff"],
        num_hidden_layers=SIZES["n_layers"],
        num_attention_heads=N_HEADS,
        num_key_value_heads=n_kv_heads,
        max_position_embeddings=SIZES["max_len"],
        rms_norm_eps=0.1,
        rope_theta=100.0,
        tie_word_embeddings=tied,
    )
    theirs = shaken(LlamaForCausalLM(config))
    family = replace(LLAMA, eps=0.1, rope_base=100.0, tied=tied)
    sizes = SIZES | {"n_kv_heads": n_kv_heads}
    ours = Decoder(DecoderConfig(vocab_size=VOCAB, family=family, **sizes)).double().eval()
    body = theirs.model
    copy([(body.embed_tokens, ours.embedding.tokens), (body.norm, ours.norm), (theirs.lm_head, ours.unembed)])
    for layer, block in zip(body.layers, ours.blocks, strict=True):
        copy(
            [
                (layer.input_layernorm, block.attention_residual.norm),
                (_neighbours(layer.self_attn.q_proj), block.attention.w_q),
                (_neighbours(layer.self_attn.k_proj), block.attention.w_k),
                (layer.self_attn.v_proj, block.attention.w_v),
                (layer.self_attn.o_proj, block.attention.w_o),
                (layer.post_attention_layernorm, block.feed_forward_residual.norm),
                (layer.mlp.gate_proj, block.feed_forward.gate),
                (layer.mlp.up_proj, block.feed_forward.widen),
                (layer.mlp.down_proj, block.feed_forward.narrow),
            ]
        )
    return theirs, ours


def _upright(conv1d, part=None):
    """GPT-2 keeps its matrices lying on their side, and W^q, W^k and W^v side by side in one."""
    columns = slice(None) if part is None else slice(part * D_MODEL, (part + 1) * D_MODEL)
    return _layer(conv1d.weight[:, columns].T, conv1d.bias[columns])


def _neighbours(linear):
    """Rotary pairs stand half a head apart there and side by side here: reorder the rows."""
    halves = linear.weight.unflatten(0, (-1, 2, D_HEAD // 2))  # (head, half, pair, d_model)
    return _layer(halves.transpose(1, 2).flatten(0, 2))


def _layer(*parameters):
    return nn.ParameterList(parameter.detach() for parameter in parameters)
