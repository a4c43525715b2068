"""LLaMA in PyTorch, small. RoPE turns adjacent pairs, as GGUF stores them, so that nothing is permuted on export."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass
class Config:
    vocabulary: int = 3072
    width: int = 288
    layers: int = 6
    heads: int = 9
    kv_heads: int = 3
    feed_forward: int = 768
    context: int = 512
    theta: float = 10_000.0
    epsilon: float = 1e-5

    @property
    def head_dim(self) -> int:
        return self.width // self.heads


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack((a * cos - b * sin, a * sin + b * cos), -1).flatten(-2)


class Block(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.config = config
        D, d = config.width, config.head_dim
        self.attn_norm = nn.RMSNorm(D, eps=config.epsilon)
        self.ffn_norm = nn.RMSNorm(D, eps=config.epsilon)
        self.attn_q = nn.Linear(D, config.heads * d, bias=False)
        self.attn_k = nn.Linear(D, config.kv_heads * d, bias=False)
        self.attn_v = nn.Linear(D, config.kv_heads * d, bias=False)
        self.attn_output = nn.Linear(config.heads * d, D, bias=False)
        self.ffn_gate = nn.Linear(D, config.feed_forward, bias=False)
        self.ffn_up = nn.Linear(D, config.feed_forward, bias=False)
        self.ffn_down = nn.Linear(config.feed_forward, D, bias=False)

    def forward(self, x, cos, sin, mask, cache=None):
        B, T, _ = x.shape
        c = self.config
        h = self.attn_norm(x)
        q, k, v = (
            linear(h).view(B, T, heads, c.head_dim).transpose(1, 2)
            for linear, heads in ((self.attn_q, c.heads), (self.attn_k, c.kv_heads), (self.attn_v, c.kv_heads))
        )
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        if cache is not None:
            if cache:
                k, v = torch.cat((cache[0], k), 2), torch.cat((cache[1], v), 2)
            cache[:] = [k, v]
        causal = mask is None and T > 1
        a = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal, enable_gqa=True)
        x = x + self.attn_output(a.transpose(1, 2).reshape(B, T, -1))
        h = self.ffn_norm(x)
        return x + self.ffn_down(F.silu(self.ffn_gate(h)) * self.ffn_up(h))


class Llama(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.config = config
        self.token_embd = nn.Embedding(config.vocabulary, config.width)
        self.blk = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.output_norm = nn.RMSNorm(config.width, eps=config.epsilon)
        frequencies = config.theta ** (-torch.arange(0, config.head_dim, 2).double() / config.head_dim)
        angles = torch.outer(torch.arange(config.context).double(), frequencies)
        self.register_buffer("cos", angles.cos().float(), persistent=False)
        self.register_buffer("sin", angles.sin().float(), persistent=False)
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                std = 0.02 if "embd" in name else 0.7 / parameter.shape[1] ** 0.5
                if name.endswith(("attn_output.weight", "ffn_down.weight")):
                    std /= (2 * config.layers) ** 0.5
                nn.init.normal_(parameter, 0, std)

    def hidden(self, ids: Tensor, mask=None, positions=None, caches=None) -> Tensor:
        """[B, T, D]; positions [B, T] where a row holds several documents."""
        x = self.token_embd(ids)
        if positions is None:
            start = caches[0][0].shape[2] if caches and caches[0] else 0
            cos, sin = self.cos[start : start + ids.shape[1]], self.sin[start : start + ids.shape[1]]
        else:
            cos, sin = self.cos[positions].unsqueeze(1), self.sin[positions].unsqueeze(1)
        for i, block in enumerate(self.blk):
            x = block(x, cos, sin, mask, None if caches is None else caches[i])
        return self.output_norm(x)

    def logits(self, hidden: Tensor) -> Tensor:
        return F.linear(hidden, self.token_embd.weight)

    @torch.no_grad()
    def complete(self, prompts: list[list[int]], limit: int = 120, eos: int = 2) -> list[list[int]]:
        """Greedy continuations; prompts of one length go together."""
        results: list[list[int]] = [[] for _ in prompts]
        by_length: dict[int, list[int]] = {}
        for i, prompt in enumerate(prompts):
            by_length.setdefault(len(prompt), []).append(i)
        for group in by_length.values():
            caches = [[] for _ in self.blk]
            ids = torch.tensor([prompts[i] for i in group])
            ended = torch.zeros(len(group), dtype=torch.bool)
            for _ in range(limit):
                ids = self.logits(self.hidden(ids, caches=caches)[:, -1]).argmax(-1, keepdim=True)
                ended |= ids[:, 0] == eos
                for i, token, end in zip(group, ids[:, 0].tolist(), ended.tolist()):
                    if not end:
                        results[i].append(token)
                if ended.all():
                    break
        return results
