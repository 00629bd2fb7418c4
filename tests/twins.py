"""The modules of torch with the weights of ours: an implementation independent of this library."""

import torch
from torch import nn


def attention(ours):
    """nn.MultiheadAttention. Its masks mean the opposite: True hides."""
    theirs = nn.MultiheadAttention(ours.d_model, ours.n_heads, ours.dropout, batch_first=True)
    projections = ours.w_q, ours.w_k, ours.w_v
    theirs.in_proj_weight.data = torch.cat([w.weight for w in projections]).detach()
    theirs.in_proj_bias.data = torch.cat([w.bias for w in projections]).detach()
    copy(ours.w_o, theirs.out_proj)
    return theirs.double().train(ours.training)


def encoder_layer(ours):
    """nn.TransformerEncoderLayer with the weights of an EncoderBlock."""
    theirs = _layer(nn.TransformerEncoderLayer, ours)
    copy_norm(ours.feed_forward_residual.norm, theirs.norm2)
    return theirs.double().train(ours.training)


def decoder_layer(ours):
    """nn.TransformerDecoderLayer with the weights of a DecoderBlock."""
    theirs = _layer(nn.TransformerDecoderLayer, ours)
    theirs.multihead_attn = attention(ours.cross_attention)
    copy_norm(ours.cross_residual.norm, theirs.norm2)
    copy_norm(ours.feed_forward_residual.norm, theirs.norm3)
    return theirs.double().train(ours.training)


def transformer(ours):
    """nn.Transformer with the blocks of a Transformer: vectors in, vectors out.

    It always has final norms; in post-norm the paper has none, so there they are taken off.
    """
    theirs = nn.Transformer(ours.config.d_model, ours.config.n_heads, 1, 1, 1, batch_first=True)
    theirs.encoder.layers = nn.ModuleList(encoder_layer(block) for block in ours.encoder)
    theirs.decoder.layers = nn.ModuleList(decoder_layer(block) for block in ours.decoder)
    theirs.encoder.norm, theirs.decoder.norm = _final_norm(ours.encoder_norm), _final_norm(ours.decoder_norm)
    return theirs.eval()


def copy(ours, theirs):
    """Copy the weight and the bias of a layer."""
    theirs.weight.data = ours.weight.detach().clone()
    theirs.bias.data = ours.bias.detach().clone()


def copy_norm(ours, theirs):
    """Copy scale and shift."""
    theirs.weight.data = ours.scale.detach().clone()
    theirs.bias.data = ours.shift.detach().clone()


def _layer(kind, ours):
    """Make a layer with what encoder and decoder share: self-attention, feed-forward network, first norm."""
    residual, wide = ours.attention_residual, ours.feed_forward.widen
    theirs = kind(
        ours.attention.d_model,
        ours.attention.n_heads,
        wide.out_features,
        ours.attention.dropout,
        ours.feed_forward.bend,
        layer_norm_eps=residual.norm.eps,
        batch_first=True,
        norm_first=residual.norm_first,
    )
    theirs.self_attn = attention(ours.attention)
    copy(wide, theirs.linear1)
    copy(ours.feed_forward.narrow, theirs.linear2)
    copy_norm(residual.norm, theirs.norm1)
    return theirs


def _final_norm(ours):
    if isinstance(ours, nn.Identity):
        return None
    theirs = nn.LayerNorm(ours.scale.shape, ours.eps, dtype=torch.float64)
    copy_norm(ours, theirs)
    return theirs
