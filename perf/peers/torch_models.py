#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The architectures of src/nn/models as a PyTorch user writes them, with the same
names, shapes and order of parameters: what the engine is compared with."""
import math

import torch
from torch import nn

ACTIVATIONS = {"relu": torch.relu, "gelu": nn.functional.gelu,
               "silu": nn.functional.silu, "tanh": torch.tanh}


def conv_class(dims):
    return nn.Conv2d if dims == 2 else nn.Conv1d


def same(dims, a, b, kernel=3, dilation=1, padding="circular"):
    pad = dilation * (kernel // 2)
    mode = padding if pad and padding != "zero" else "zeros"
    return conv_class(dims)(a, b, kernel, padding=pad, dilation=dilation,
                            padding_mode=mode)


class ConvNet(nn.Module):
    def __init__(self, channels, dims, width=32, depth=10, activation="relu",
                 padding="circular"):
        super().__init__()
        sizes = [channels] + depth * [width] + [channels]
        self.conv = nn.ModuleList(same(dims, a, b, padding=padding)
                                  for a, b in zip(sizes, sizes[1:]))
        self.f = ACTIVATIONS[activation]

    def forward(self, x):
        for conv in self.conv[:-1]:
            x = self.f(conv(x))
        return self.conv[-1](x)


class Row(nn.Module):
    """A block's convolutions and norms, named as src/nn names them."""

    def __init__(self, conv, norm=None):
        super().__init__()
        self.conv = nn.ModuleList(conv)
        if norm:
            self.norm = nn.ModuleList(norm)


class ResNet(nn.Module):
    def __init__(self, channels, dims, width=32, blocks=8, activation="relu",
                 padding="circular"):
        super().__init__()
        self.lift = same(dims, channels, width, 1)
        self.block = nn.ModuleList(
            Row([same(dims, width, width, padding=padding) for _ in range(2)])
            for _ in range(blocks))
        self.project = same(dims, width, channels, 1)
        self.f = ACTIVATIONS[activation]

    def forward(self, x):
        x = self.lift(x)
        for b in self.block:
            x = self.f(x + b.conv[1](self.f(b.conv[0](x))))
        return self.project(x)


class DilResNet(nn.Module):
    def __init__(self, channels, dims, depth=2, width=32, blocks=2,
                 activation="relu", padding="circular"):
        super().__init__()
        rates = [2 ** (k if k < depth else 2 * depth - k)
                 for k in range(2 * depth + 1)]
        self.lift = same(dims, channels, width, 1)
        self.block = nn.ModuleList(
            Row([same(dims, width, width, 3, d, padding) for d in rates],
                [nn.GroupNorm(1, width) for _ in rates])
            for _ in range(blocks))
        self.project = same(dims, width, channels, 1)
        self.f = ACTIVATIONS[activation]

    def forward(self, x):
        x = self.lift(x)
        for b in self.block:
            y = x
            for norm, conv in zip(b.norm, b.conv):
                y = self.f(conv(norm(y)))
            x = x + y
        return self.project(x)


class CircularUp(nn.Module):
    """The adjoint of a circular convolution of kernel 3 and stride 2."""

    def __new__(cls, dims, a, b):
        base = nn.ConvTranspose2d if dims == 2 else nn.ConvTranspose1d

        class Up(base):
            def forward(self, x):
                y = super().forward(x)  # no padding: 2 n + 1 points
                for d in range(2, x.dim()):
                    n = 2 * x.shape[d]
                    last = y.narrow(d, 0, 1)  # point -1 is point n - 1
                    y = y.narrow(d, 1, n).clone()
                    if self.bias is not None:
                        shape = [1, -1] + [1] * (x.dim() - 2)
                        last = last - self.bias.reshape(shape)
                    y.narrow(d, n - 1, 1).add_(last)
                return y

        return Up(a, b, 3, stride=2)


class UNet(nn.Module):
    def __init__(self, channels, dims, width=16, levels=2, activation="relu",
                 padding="circular"):
        super().__init__()
        self.f = ACTIVATIONS[activation]
        self.padding = padding

        def twice(a, b):
            return Row([same(dims, a, b, padding=padding),
                        same(dims, b, b, padding=padding)],
                       [nn.GroupNorm(1, b) for _ in range(2)])

        sizes = [width * 2 ** i for i in range(levels + 1)]
        mode = "zeros" if padding == "zero" else padding
        self.lift = nn.ModuleList([twice(channels, width)])
        self.down = nn.ModuleList(
            conv_class(dims)(c, c, 3, stride=2, padding=1, padding_mode=mode)
            for c in sizes[:-1])
        self.left = nn.ModuleList(twice(c, 2 * c) for c in sizes[:-1])
        self.up = nn.ModuleList(CircularUp(dims, 2 * c, c) for c in sizes[:-1])
        self.right = nn.ModuleList(twice(2 * c, c) for c in sizes[:-1])
        self.project = same(dims, width, channels, 1)

    def run(self, row, x):
        for conv, norm in zip(row.conv, row.norm):
            x = self.f(norm(conv(x)))
        return x

    def forward(self, x):
        x = self.run(self.lift[0], x)
        skips = []
        for down, left in zip(self.down, self.left):
            skips.append(x)
            x = self.run(left, down(x))
        for up, right in reversed(list(zip(self.up, self.right))):
            x = self.run(right, torch.cat((skips.pop(), up(x)), 1))
        return self.project(x)


class Spectral(nn.Module):
    def __init__(self, dims, a, b, modes):
        super().__init__()
        self.modes, self.dims = modes, dims
        shape = (a, b) + dims * (modes,) + (2,)
        self.weight1 = nn.Parameter(torch.randn(shape) / (a * b))
        if dims == 2:
            self.weight2 = nn.Parameter(torch.randn(shape) / (a * b))

    def forward(self, x):
        m, n = self.modes, x.shape[-1]
        w = torch.view_as_complex(self.weight1)
        if self.dims == 1:
            s = torch.fft.rfft(x)
            out = torch.zeros(x.shape[0], w.shape[1], n // 2 + 1,
                              dtype=s.dtype)
            out[:, :, :m] = torch.einsum("bik,iok->bok", s[:, :, :m], w)
            return torch.fft.irfft(out, n)
        s = torch.fft.rfft2(x)
        out = torch.zeros(x.shape[0], w.shape[1], x.shape[2], n // 2 + 1,
                          dtype=s.dtype)
        out[:, :, :m, :m] = torch.einsum("bikl,iokl->bokl", s[:, :, :m, :m], w)
        out[:, :, -m:, :m] = torch.einsum(
            "bikl,iokl->bokl", s[:, :, -m:, :m],
            torch.view_as_complex(self.weight2))
        return torch.fft.irfft2(out, s=x.shape[2:])


class FourierLayer(nn.Module):
    def __init__(self, dims, width, modes):
        super().__init__()
        self.linear = same(dims, width, width, 1)
        self.spectral = Spectral(dims, width, width, modes)

    def forward(self, x):
        return self.spectral(x) + self.linear(x)


class FNO(nn.Module):
    def __init__(self, channels, dims, modes=12, width=32, layers=4,
                 activation="gelu", style="apebench"):
        super().__init__()
        li = style == "li"
        self.lift = same(dims, channels + (dims if li else 0), width, 1)
        self.layer = nn.ModuleList(FourierLayer(dims, width, modes)
                                   for _ in range(layers))
        self.project = nn.ModuleList([same(dims, width, 128, 1),
                                      same(dims, 128, channels, 1)]) \
            if li else same(dims, width, channels, 1)
        self.f, self.li = ACTIVATIONS[activation], li

    def forward(self, x):
        if self.li:
            axes = [torch.linspace(0, 1, n) for n in x.shape[2:]]
            grid = torch.stack(torch.meshgrid(*axes, indexing="ij"))
            x = torch.cat((x, grid.expand(x.shape[0], *grid.shape)), 1)
        x = self.lift(x)
        for i, layer in enumerate(self.layer):
            x = layer(x)
            if not self.li or i + 1 < len(self.layer):
                x = self.f(x)
        if not self.li:
            return self.project(x)
        return self.project[1](self.f(self.project[0](x)))


class MLP(nn.Module):
    def __init__(self, frame, width=64, depth=3, activation="relu"):
        super().__init__()
        n = 1
        for size in frame:
            n *= size
        sizes = [n] + depth * [width] + [n]
        self.layer = nn.ModuleList(nn.Linear(a, b)
                                   for a, b in zip(sizes, sizes[1:]))
        self.f = ACTIVATIONS[activation]

    def forward(self, x):
        y = x.flatten(1)
        for layer in self.layer[:-1]:
            y = self.f(layer(y))
        return self.layer[-1](y).reshape(x.shape)


class Block(nn.Module):
    def __init__(self, dims, a, b, f, padding):
        super().__init__()
        self.norm = nn.ModuleList([nn.GroupNorm(1, a), nn.GroupNorm(1, b)])
        self.conv = nn.ModuleList([same(dims, a, b, padding=padding),
                                   same(dims, b, b, padding=padding)])
        if a != b:
            self.shortcut = same(dims, a, b, 1)
        self.f = f

    def forward(self, x):
        y = self.conv[0](self.f(self.norm[0](x)))
        y = self.conv[1](self.f(self.norm[1](y)))
        return y + (self.shortcut(x) if hasattr(self, "shortcut") else x)


class ModernUNet(nn.Module):
    def __init__(self, channels, dims, width=16, activation="gelu",
                 padding="circular"):
        super().__init__()
        f, growth, c = ACTIVATIONS[activation], (1, 2, 2, 4), width
        up = nn.ConvTranspose2d if dims == 2 else nn.ConvTranspose1d
        mode = "zeros" if padding == "zero" else padding
        self.stem = same(dims, channels, width, padding=padding)
        self.block, self.plan = nn.ModuleList(), []
        self.down, self.up = nn.ModuleList(), nn.ModuleDict()

        def block(kind, a, b):
            self.plan.append((kind, len(self.block)))
            self.block.append(Block(dims, a, b, f, padding))

        for i, g in enumerate(growth):
            for a in (c, c * g):
                block("left", a, c * g)
            c *= g
            if i < 3:
                self.plan.append(("down", i))
                self.down.append(conv_class(dims)(
                    c, c, 3, stride=2, padding=1, padding_mode=mode))
        for _ in range(2):
            block("middle", c, c)
        for i in (3, 2, 1, 0):
            for _ in range(2):
                block("right", 2 * c, c)
            block("right", c + c // growth[i], c // growth[i])
            c //= growth[i]
            if i:
                self.plan.append(("up", str(i)))
                self.up[str(i)] = up(c, c, 4, stride=2, padding=1)
        self.norm = nn.GroupNorm(8, c)
        self.last = same(dims, c, channels, padding=padding)
        self.f = f

    def forward(self, x):
        x = self.stem(x)
        skips = [x]
        for kind, i in self.plan:
            if kind == "right":
                x = torch.cat((x, skips.pop()), 1)
            x = (self.block if kind in ("left", "middle", "right") else
                 self.down if kind == "down" else self.up)[i](x)
            if kind in ("left", "down"):
                skips.append(x)
        return self.last(self.f(self.norm(x)))


class NegatedMirrorConv(nn.Conv2d):
    """The border is minus what a mirror on the last point shows."""

    def forward(self, x):
        y = -nn.functional.pad(x, (1, 1, 1, 1), mode="reflect")
        y[:, :, 1:-1, 1:-1] = x
        return super().forward(y)


class SmartUNet(nn.Module):
    def __init__(self, channels, dims, width=64):
        super().__init__()
        c = [width * 2 ** i for i in range(5)]

        def twice(a, b):
            return nn.ModuleList([NegatedMirrorConv(a, b, 3),
                                  NegatedMirrorConv(b, b, 3)])

        self.down = nn.ModuleList(twice(a, b)
                                  for a, b in zip([channels] + c, c))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * a, a, 3)
                                for a in c[:-1])
        self.right = nn.ModuleList(twice(2 * a, a) for a in c[:-1])
        self.last = nn.ConvTranspose2d(width, channels, 3, padding=1)

    def run(self, block, x):
        for conv in block:
            x = torch.relu(conv(x))
        return x

    def forward(self, x):
        skips = []
        for i, block in enumerate(self.down):
            x = self.run(block, nn.functional.max_pool2d(x, 2) if i else x)
            skips.append(x)
        for up, block, skip in reversed(list(zip(self.up, self.right, skips))):
            odd = skip.shape[-1] == 2 * x.shape[-1] + 1
            up.stride, up.padding = ((2, 2), (0, 0)) if odd else ((1, 1), (1, 1))
            if not odd:
                x = nn.functional.interpolate(x, scale_factor=2)
            x = self.run(block, torch.cat((up(x), skip), 1))
        return self.last(x)


class SmartCNN(nn.Module):
    """The lattice fixes where a transposed convolution has kernel 2."""

    def __init__(self, frame, width=64):
        super().__init__()
        channels, n = frame[0], frame[1]
        c = [channels] + [width * 2 ** i for i in range(6)]
        self.conv = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1)
                                  for a, b in zip(c, c[1:]))
        self.norm = nn.BatchNorm2d(width)
        grid = [n // 2 ** i for i in range(6)]
        here, sizes, ups = grid[5], [c[6]], []
        self.deconv = nn.ModuleList()
        for i, to in enumerate([grid[5]] + grid[:0:-1] + [n]):
            out = channels if i == 6 else sizes[-1] // 2
            k = 2 if to == here + 1 else 3
            self.deconv.append(nn.ConvTranspose2d(sizes[-1], out, k,
                                                  padding=k - 2))
            sizes.append(out)
            here = 2 * to if 0 < i < 6 else to

    def forward(self, x):
        f = torch.nn.functional
        for i, conv in enumerate(self.conv):
            x = conv(f.avg_pool2d(x, 2) if i else x)
            x = f.leaky_relu(self.norm(x) if i == 0 else x, 0.02)
        for i, deconv in enumerate(self.deconv):
            x = f.leaky_relu(deconv(x), 0.02)
            if 0 < i < 6:
                x = f.interpolate(x, scale_factor=2)
        return x


class TimedNorm(nn.Module):
    """Layer norm whose scale and shift are linear in the time of a step."""

    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Linear(1, channels)
        self.bias = nn.Linear(1, channels)

    def forward(self, x, time):
        mean = x.mean(-1, keepdim=True)
        variance = (x ** 2).mean(-1, keepdim=True) - mean ** 2
        x = (x - mean) / (variance + 1e-5).sqrt()
        time = time.reshape(-1, 1)
        weight, bias = self.weight(time), self.bias(time)
        return (weight.reshape(-1, *(x.dim() - 2) * (1,), x.shape[-1]) * x +
                bias.reshape(-1, *(x.dim() - 2) * (1,), x.shape[-1]))


class WindowAttention(nn.Module):
    """Swin V2's, for windows (batch, tokens, channels)."""

    def __init__(self, window, heads):
        super().__init__()
        self.logit_scale = nn.Parameter(torch.full((heads, 1, 1), 10.0).log())
        self.position = nn.Sequential(nn.Linear(2, 512), nn.ReLU(),
                                      nn.Linear(512, heads, bias=False))
        offsets = torch.stack(torch.meshgrid(
            *(torch.arange(1 - n, n, dtype=torch.float32) * 8 / max(n - 1, 1)
              for n in window), indexing="ij"), -1).reshape(-1, 2)
        self.register_buffer("offsets", offsets.sign() * torch.log2(
            offsets.abs() + 1) / 3, persistent=False)
        token = torch.stack(torch.meshgrid(*map(torch.arange, window),
                                           indexing="ij")).flatten(1)
        apart = token[:, :, None] - token[:, None, :]
        self.register_buffer("index", (apart[0] + window[0] - 1) *
                             (2 * window[1] - 1) + apart[1] + window[1] - 1,
                             persistent=False)
        self.heads = heads

    def split(self, x):
        return x.reshape(*x.shape[:2], self.heads, -1).transpose(1, 2)

    def forward(self, q, k, v, mask):
        f = nn.functional
        scores = f.normalize(self.split(q), dim=-1) @ f.normalize(
            self.split(k), dim=-1).transpose(-2, -1)
        scores = scores * self.logit_scale.clamp(max=math.log(100)).exp()
        n = self.index.shape[0]
        bias = self.position(self.offsets)[self.index.flatten()]
        bias = bias.reshape(n, n, -1).permute(2, 0, 1)
        scores = scores + 16 * torch.sigmoid(bias)
        if mask is not None:
            windows = mask.shape[0]
            scores = scores.reshape(-1, windows, self.heads, n, n) + \
                mask[:, None]
            scores = scores.reshape(-1, self.heads, n, n)
        x = scores.softmax(-1) @ self.split(v)
        return x.transpose(1, 2).flatten(2)


class SwinBlock(nn.Module):
    def __init__(self, c, heads, grid, window, moved):
        super().__init__()
        self.grid = grid
        self.window = tuple(min(n, window) for n in grid)
        self.shift = tuple(window // 2 if moved and n > window else 0
                           for n in grid)
        self.query, self.value = nn.Linear(c, c), nn.Linear(c, c)
        self.key = nn.Linear(c, c, bias=False)
        self.attention = WindowAttention(self.window, heads)
        self.proj = nn.Linear(c, c)
        self.norm = nn.ModuleList([TimedNorm(c), TimedNorm(c)])
        self.mlp = nn.ModuleList([nn.Linear(c, 4 * c), nn.Linear(4 * c, c)])
        self.register_buffer("mask", self.make_mask(), persistent=False)

    def make_mask(self):
        if not any(self.shift):
            return None
        label = torch.zeros(1, *self.grid, 1)
        slices = [(slice(0, -w), slice(-w, -s), slice(-s, None)) if s else
                  (slice(None),) for w, s in zip(self.window, self.shift)]
        for i, (a, b) in enumerate((a, b) for a in slices[0]
                                   for b in slices[1]):
            label[:, a, b] = i
        label = self.cut(label).squeeze(-1)
        return (label[:, None] != label[:, :, None]) * -100.0

    def cut(self, x):
        (h, w), (a, b) = self.grid, self.window
        x = x.reshape(x.shape[0], h // a, a, w // b, b, -1)
        return x.permute(0, 1, 3, 2, 4, 5).reshape(-1, a * b, x.shape[-1])

    def join(self, x):
        (h, w), (a, b) = self.grid, self.window
        x = x.reshape(-1, h // a, w // b, a, b, x.shape[-1])
        return x.permute(0, 1, 3, 2, 4, 5).reshape(-1, h, w, x.shape[-1])

    def attend(self, x):
        if any(self.shift):
            x = x.roll([-s for s in self.shift], (1, 2))
        x = self.cut(x)
        x = self.proj(self.attention(self.query(x), self.key(x),
                                     self.value(x), self.mask))
        x = self.join(x)
        return x.roll(self.shift, (1, 2)) if any(self.shift) else x

    def forward(self, x, time):
        x = x + self.norm[0](self.attend(x), time)
        y = self.mlp[1](nn.functional.gelu(self.mlp[0](x)))
        return x + self.norm[1](y, time)


class Merge(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.linear = nn.Linear(4 * c, 2 * c, bias=False)
        self.norm = TimedNorm(2 * c)

    def forward(self, x, time):
        x = torch.cat([x[:, i::2, j::2] for j in (0, 1) for i in (0, 1)], -1)
        return self.norm(self.linear(x), time)


class Unmerge(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.linear = nn.Linear(c, 2 * c, bias=False)
        self.norm = TimedNorm(c // 2)
        self.mix = nn.Linear(c // 2, c // 2, bias=False)

    def forward(self, x, time):
        x = nn.functional.pixel_shuffle(self.linear(x).permute(0, 3, 1, 2), 2)
        return self.mix(self.norm(x.permute(0, 2, 3, 1), time))


class ConvNeXt(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.depthwise = nn.Conv2d(c, c, 7, padding=3, groups=c)
        self.norm = TimedNorm(c)
        self.mlp = nn.ModuleList([nn.Linear(c, 4 * c), nn.Linear(4 * c, c)])
        self.scale = nn.Module()
        self.scale.weight = nn.Parameter(torch.full((c,), 1e-6))

    def forward(self, x, time):
        y = self.depthwise(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        y = self.mlp[0](self.norm(y, time))
        return x + self.scale.weight * self.mlp[1](nn.functional.gelu(y))


class Stage(nn.Module):
    def __init__(self, c, heads, grid, window, moved):
        super().__init__()
        self.block = nn.ModuleList(SwinBlock(c, heads, grid, window, m)
                                   for m in moved)

    def forward(self, x, time):
        for block in self.block:
            x = block(x, time)
        return x


class Scot(nn.Module):
    SIZES = {"T": (48, 4), "S": (48, 8), "B": (96, 8), "L": (192, 8)}

    def __init__(self, frame, size="own", width=24, depth=2, stages=2, heads=3,
                 window=8, patch=4, skips=2, lead_time=1.0, from_zero="false"):
        super().__init__()
        if size != "own":
            (width, depth), stages, heads = self.SIZES[size], 4, 3
            window, patch, skips = 16, 4, 2
        channels, grid = frame[0], [n // patch for n in frame[1:]]
        self.lead_time = float(lead_time)
        self.embed = nn.ModuleDict({
            "conv": nn.Conv2d(channels, width, patch, stride=patch),
            "norm": TimedNorm(width)})
        moved = [i % 2 == 1 for i in range(depth)]

        def stage(i, order):
            return Stage(width << i, heads << i,
                         tuple(n >> i for n in grid), window, order)

        self.encoder = nn.ModuleList(stage(i, moved) for i in range(stages))
        for i in range(stages - 1):
            self.encoder[i].merge = Merge(width << i)
        self.skip = nn.ModuleList(
            nn.ModuleList(ConvNeXt(width << i) for _ in range(skips))
            for i in range(stages - 1))
        self.decoder = nn.ModuleList(stage(i, moved[::-1])
                                     for i in range(stages))
        for i in range(1, stages):
            self.decoder[i].unmerge = Unmerge(width << i)
        self.recover = nn.ModuleDict({
            "deconv": nn.ConvTranspose2d(width, channels, patch, stride=patch),
            "conv": nn.Conv2d(channels, channels, 5, padding=2, bias=False)})
        for name, p in self.named_parameters():
            if "conv" in name or "depthwise" in name or p.dim() == 1:
                continue
            if p.dim() == 2:
                nn.init.normal_(p, std=0.02)
        for m in self.modules():
            if isinstance(m, TimedNorm):
                nn.init.constant_(m.weight.bias, from_zero != "true")
                nn.init.zeros_(m.bias.bias)

    def forward(self, x):
        time = torch.full((x.shape[0],), self.lead_time)
        x = self.embed.conv(x).permute(0, 2, 3, 1)
        x, skips = self.embed.norm(x, time), []
        for i, stage in enumerate(self.encoder):
            began = x
            x = stage(x, time)
            if i + 1 < len(self.encoder):
                skip = x
                for block in self.skip[i]:
                    skip = block(skip, time)
                skips.append(skip)
                x = stage.merge(x + began, time)
        for i in reversed(range(len(self.decoder))):
            if skips and i + 1 < len(self.decoder):
                x = x + skips.pop()
            x = self.decoder[i](x, time)
            if i:
                x = self.decoder[i].unmerge(x, time)
        x = self.recover.deconv(x.permute(0, 3, 1, 2))
        return self.recover.conv(x)


MODELS = {"convnet": ConvNet, "resnet": ResNet, "dilresnet": DilResNet,
          "unet": UNet, "fno": FNO, "mlp": MLP, "smart_unet": SmartUNet,
          "smart_cnn": SmartCNN, "modern_unet": ModernUNet, "scot": Scot}
# These are made for one frame, (channels, points...), not for any.
OF_FRAME = {"mlp", "smart_cnn", "scot"}


def make(model, channels, grid, **options):
    if model in OF_FRAME:
        return MODELS[model]((channels, *grid), **options)
    return MODELS[model](channels, len(grid), **options)
