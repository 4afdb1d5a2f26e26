#!/usr/bin/env python3
"""Draw the example pictures of this folder, as binary PPM (P6), 240x180.

    python3 draw.py [folder]        (needs Pillow)

Everything is drawn here from curves, gradients and blurred lights, four times
too large, then made smaller, so the pictures may be used as freely as this
file. The result does not depend on chance: the generator has a fixed seed.
"""

import math
import os
import random
import sys

from PIL import Image, ImageChops, ImageDraw, ImageFilter

W, H, S = 240, 180, 4  # size of the pictures; how many times larger they are drawn


def rgb(h):
    return tuple(int(h[i:i + 2], 16) for i in (1, 3, 5))


def mix(a, b, t):
    return tuple(round(x + (y - x) * t) for x, y in zip(rgb(a), rgb(b)))


def spline(points, steps=12):
    """A smooth closed curve through the points (Catmull-Rom)."""
    out, n = [], len(points)
    for i in range(n):
        p0, p1, p2, p3 = (points[(i + k) % n] for k in (-1, 0, 1, 2))
        for j in range(steps):
            t = j / steps
            out.append(tuple(
                0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t ** 3)
                for a, b, c, d in zip(p0, p1, p2, p3)))
    return out


class Canvas:
    """Coordinates are those of the small picture; colours are '#rrggbb'."""

    def __init__(self, seed=1):
        self.im = Image.new("RGB", (W * S, H * S))
        self.random = random.Random(seed)

    # masks

    def mask(self):
        return Image.new("L", self.im.size, 0)

    def polygon(self, points):
        m = self.mask()
        ImageDraw.Draw(m).polygon([(x * S, y * S) for x, y in points], fill=255)
        return m

    def blob(self, points):
        return self.polygon(spline(points))

    def ellipse(self, cx, cy, rx, ry, angle=0):
        c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        points = []
        for k in range(90):
            x, y = rx * math.cos(k * math.pi / 45), ry * math.sin(k * math.pi / 45)
            points.append((cx + c * x - s * y, cy + s * x + c * y))
        return self.polygon(points)

    def box(self, x0, y0, x1, y1, r=0):
        m = self.mask()
        ImageDraw.Draw(m).rounded_rectangle([x0 * S, y0 * S, x1 * S, y1 * S], r * S, fill=255)
        return m

    def line(self, points, width):
        m = self.mask()
        d = ImageDraw.Draw(m)
        p = [(x * S, y * S) for x, y in points]
        d.line(p, fill=255, width=max(1, round(width * S)), joint="curve")
        r = width * S / 2
        for x, y in (p[0], p[-1]):
            d.ellipse([x - r, y - r, x + r, y + r], fill=255)
        return m

    # paint

    def fill(self, mask, colour, to=None, sideways=False, alpha=1.0, blur=0.0, clip=None):
        """Fill the mask with a colour, or with a gradient over its extent."""
        if blur:
            mask = mask.filter(ImageFilter.GaussianBlur(blur * S))
        if clip is not None:
            mask = ImageChops.multiply(mask, clip)
        bounds = mask.getbbox()
        if bounds is None:
            return mask
        if alpha < 1:
            mask = mask.point(lambda v: round(v * alpha))
        size = (bounds[2] - bounds[0], bounds[3] - bounds[1])
        paint = Image.new("RGB", size, colour)
        if to is not None:
            ramp = Image.linear_gradient("L")
            if sideways:
                ramp = ramp.transpose(Image.Transpose.ROTATE_90)
            paint = Image.composite(Image.new("RGB", size, to), paint, ramp.resize(size, Image.Resampling.BILINEAR))
        self.im.paste(paint, bounds[:2], mask.crop(bounds))
        return mask

    def light(self, cx, cy, rx, ry, colour, alpha, clip=None, blur=None, angle=0):
        """A soft light (or shadow), by a blurred ellipse."""
        self.fill(self.ellipse(cx, cy, rx, ry, angle), colour, alpha=alpha,
                  blur=min(rx, ry) * 0.5 if blur is None else blur, clip=clip)

    def cloud(self, cx, cy, size, alpha=0.8):
        m = self.mask()
        d = ImageDraw.Draw(m)
        for _ in range(26):
            t = self.random.uniform(-1, 1)
            r = size * (0.32 - 0.2 * abs(t)) * self.random.uniform(0.6, 1.2)
            x, y = cx + t * size * 1.3, cy - r * self.random.uniform(0.1, 0.8)
            d.ellipse([(x - r * 1.4) * S, (y - r) * S, (x + r * 1.4) * S, (y + r) * S], fill=255)
        self.fill(m, "#ffffff", "#dfe8f0", alpha=alpha, blur=size * 0.06)

    def grain(self, clip, colours, n, length, width, alpha=0.5, angle=0.0, spread=0.4):
        """Many short strokes inside a mask: grass, ripples, fur."""
        box = clip.getbbox()
        layers = {}
        for _ in range(n):
            x, y = self.random.uniform(box[0], box[2]), self.random.uniform(box[1], box[3])
            a = angle + self.random.gauss(0, spread)
            r = length * S * self.random.uniform(0.4, 1.2)
            colour = self.random.choice(colours)
            d = layers.setdefault(colour, self.mask())
            ImageDraw.Draw(d).line([x, y, x + r * math.cos(a), y + r * math.sin(a)], fill=255,
                                   width=max(1, round(width * S * self.random.uniform(0.6, 1.4))))
        for colour in colours:
            if colour in layers:
                self.fill(layers[colour], colour, alpha=alpha, clip=clip)

    def wheel(self, cx, cy, r):
        self.fill(self.ellipse(cx, cy, r, r), "#2a2a2d", "#0d0d0f")
        self.fill(self.ellipse(cx, cy, r * 0.62, r * 0.62), "#d9dce0", "#7c8087")
        self.fill(self.ellipse(cx, cy, r * 0.5, r * 0.5), "#85898f", "#b9bdc3")
        for k in range(5):
            a = k * 2 * math.pi / 5 + 0.3
            self.fill(self.line([(cx, cy), (cx + r * 0.5 * math.cos(a), cy + r * 0.5 * math.sin(a))], r * 0.13), "#e3e6e9")
        self.fill(self.ellipse(cx, cy, r * 0.16, r * 0.16), "#4a4d52")

    def save(self, path):
        im = self.im.resize((W, H), Image.Resampling.LANCZOS)
        with open(path, "wb") as f:
            f.write(b"P6\n%d %d\n255\n" % (W, H) + im.tobytes())


def ship():
    c = Canvas(3)
    c.fill(c.box(0, 0, W, 104), "#4f8fd0", "#dcebf5")
    for x, y, s in ((40, 40, 30), (205, 30, 26), (120, 20, 18), (170, 62, 14)):
        c.cloud(x, y, s, 0.75)
    sea = c.box(0, 102, W, H)
    c.fill(sea, "#3f7ea6", "#0e3357")
    c.fill(c.blob([(-20, 103), (20, 96), (60, 99), (100, 101), (120, 104), (40, 106)]), "#7f9cb0", "#6d8fa6")
    c.grain(sea, ["#6fa8c8", "#0c3a5f", "#a8d0e2"], 420, 9, 0.7, 0.35, 0.0, 0.06)
    # reflection and hull
    c.fill(c.polygon([(34, 124), (214, 124), (196, 150), (48, 150)]), "#0a2238", "#123e63", alpha=0.55, blur=3)
    hull = c.polygon([(22, 93), (222, 88), (205, 127), (38, 128)])
    c.fill(hull, "#22406b", "#10233f")
    c.fill(c.polygon([(34, 117.5), (209, 116.5), (205, 128), (38, 129)]), "#b5392f", "#74201b", clip=hull)
    c.fill(c.polygon([(22, 92.5), (222, 87.5), (221, 90), (23, 95)]), "#f2f4f6")
    c.light(170, 98, 55, 5, "#6f93c4", 0.5, hull)
    # decks
    for x0, x1, y0, y1 in ((48, 188, 77, 92), (56, 176, 65, 78), (66, 160, 54, 66), (118, 150, 45, 55)):
        deck = c.polygon([(x0, y0), (x1 - 3, y0), (x1, y1), (x0 - 2, y1)])
        c.fill(deck, "#ffffff", "#cfd8e0")
        c.fill(c.box(x0 - 2, y1 - 1.4, x1, y1), "#8fa0b0", alpha=0.7)
        for k in range(int((x1 - x0 - 12) / 7)):
            x = x0 + 6 + k * 7
            c.fill(c.box(x, y0 + 4, x + 4, y0 + 8, 1), "#1d3a57", "#4b7397")
    for k in range(20):
        c.fill(c.ellipse(44 + k * 8, 102 - k * 0.05, 1.3, 1.3), "#d7e3ee")
    for x in (78, 98):
        c.fill(c.polygon([(x, 36), (x + 13, 36), (x + 15, 55), (x - 1, 55)]), "#d8432f", "#8e2419", sideways=True)
        c.fill(c.polygon([(x, 36), (x + 13, 36), (x + 13.4, 41), (x - 0.3, 41)]), "#26282c")
        c.fill(c.polygon([(x - 0.6, 46), (x + 14.2, 46), (x + 14.5, 49), (x - 0.8, 49)]), "#f4f4f4", "#c8c8c8", sideways=True)
    c.fill(c.line([(136, 46), (136, 20)], 1.4), "#e9edf0")
    c.fill(c.line([(129, 28), (143, 28)], 1), "#e9edf0")
    c.fill(c.line([(200, 89), (200, 64)], 1.3), "#dfe5ea")
    c.fill(c.line([(136, 21), (200, 65)], 0.4), "#5d6b78")
    c.fill(c.line([(200, 65), (221, 88)], 0.4), "#5d6b78")
    # bow wave
    c.fill(c.blob([(212, 122), (206, 131), (180, 131.5), (120, 131), (60, 132), (30, 133), (34, 127), (110, 127.5), (190, 126)]),
           "#ffffff", "#b7d3e2", alpha=0.85, blur=0.8)
    c.grain(c.box(20, 128, 218, 142), ["#ffffff", "#cfe4ee"], 90, 8, 0.7, 0.5, 0.0, 0.1)
    return c


def airplane():
    c = Canvas(5)
    c.fill(c.box(0, 0, W, H), "#2f74c0", "#b9dcf2")
    for x, y, s in ((30, 160, 44), (120, 172, 52), (210, 162, 44), (200, 40, 20), (30, 40, 16)):
        c.cloud(x, y, s, 0.7)
    far = c.polygon([(128, 84), (150, 84), (112, 52), (103, 52)])
    c.fill(far, "#a9b6c4", "#8593a3")
    c.fill(c.polygon([(34, 82), (48, 83), (30, 66), (22, 66)]), "#93a1b1")
    body = c.blob([(14, 84), (40, 80), (90, 77), (160, 76), (196, 78), (214, 84), (223, 92), (216, 98), (196, 102),
                   (150, 104), (90, 102), (50, 96), (24, 88)])
    fin = c.polygon([(20, 84), (12, 42), (27, 42), (56, 80)])
    c.fill(fin, "#2356a8", "#123573")
    c.fill(c.polygon([(12, 42), (27, 42), (31, 47), (13, 47)]), "#e7b93a")
    c.fill(body, "#ffffff", "#8f9fb0")
    c.light(120, 82, 90, 4, "#ffffff", 0.9, body)
    c.fill(c.box(0, 97, W, 110), "#4a6079", alpha=0.35, blur=2, clip=body)
    c.fill(c.polygon([(10, 90), (230, 93), (230, 95.5), (10, 92)]), "#2356a8", clip=body)
    for k in range(19):
        c.fill(c.box(58 + k * 7, 85.5, 61 + k * 7, 89, 1), "#27405f")
    c.fill(c.polygon([(203, 82.5), (211, 85), (215, 88.5), (204, 87)]), "#1b2c42", "#46637f")
    # near wing, tail plane, engines
    c.fill(c.ellipse(136, 111, 13, 5.6), "#e8edf2", "#70808f")
    c.fill(c.ellipse(147, 111, 2.6, 5.2), "#2c3b4b")
    wing = c.polygon([(92, 98), (142, 97), (150, 101), (84, 146), (70, 148), (80, 128)])
    c.fill(wing, "#dfe6ec", "#8b9aaa")
    c.fill(c.polygon([(142, 97), (150, 101), (84, 146), (82, 143)]), "#ffffff", alpha=0.7)
    c.fill(c.polygon([(84, 146), (70, 148), (64, 140), (70, 140)]), "#2356a8")
    c.fill(c.ellipse(112, 128, 11, 5), "#eef2f5", "#66768a")
    c.fill(c.ellipse(121, 128, 2.4, 4.6), "#2c3b4b")
    c.fill(c.polygon([(26, 87), (52, 89), (30, 108), (16, 109)]), "#dbe3ea", "#8b9aaa")
    return c


def road(c, horizon=112):
    """Sky, a line of trees, grass and a road: the place of the two cars."""
    c.fill(c.box(0, 0, W, horizon), "#6aa6dc", "#e4eff6")
    for x, y, s in ((50, 28, 24), (180, 36, 28)):
        c.cloud(x, y, s, 0.8)
    for k in range(34):
        x = k * 7.4 + c.random.uniform(-3, 3)
        r = c.random.uniform(9, 17)
        g = mix("#3d6b3a", "#6c9650", c.random.random())
        c.light(x, horizon - r * 0.55, r, r, g, 0.95, blur=1.2)
    grass = c.box(0, horizon - 4, W, horizon + 26)
    c.fill(grass, "#7ba25a", "#557d3d")
    c.grain(grass, ["#94ba6c", "#44682f"], 260, 4, 0.6, 0.5, -1.5)
    tar = c.box(0, horizon + 18, W, H)
    c.fill(tar, "#85888c", "#5c5f64")
    c.grain(tar, ["#a2a5a8", "#4c4e52"], 420, 3, 0.6, 0.3, 0.0, 0.2)
    c.fill(c.box(0, horizon + 18, W, horizon + 20), "#d8d8d2")


def truck():
    c = Canvas(7)
    road(c, 108)
    c.light(118, 157, 106, 8, "#1d1f22", 0.75)
    c.fill(c.box(14, 132, 214, 143), "#2b2d31", "#17181b")
    # the load
    load = c.box(12, 34, 150, 134, 2)
    c.fill(load, "#f7f8f9", "#c3cad1")
    c.fill(c.box(12, 34, 150, 39), "#aab4bd")
    c.fill(c.box(12, 128, 150, 134), "#7e8790")
    for k in range(9):
        c.fill(c.box(24 + k * 15, 40, 25 + k * 15, 128), "#9aa5b0", alpha=0.55)
    c.fill(c.polygon([(12, 96), (150, 76), (150, 92), (12, 112)]), "#e08a1e", "#c96b10", clip=load)
    # the cab
    cab = c.blob([(154, 62), (158, 54), (184, 52), (196, 56), (204, 76), (210, 94), (218, 100), (221, 114), (221, 138),
                  (216, 144), (160, 144), (154, 138), (154, 100)])
    c.fill(cab, "#e0392f", "#8d1a16")
    c.light(178, 57, 22, 4, "#ff9d8c", 0.7, cab)
    c.fill(c.blob([(166, 68), (170, 64), (188, 64), (193, 68), (200, 88), (198, 93), (168, 93), (165, 90)]), "#22384a", "#7fa5bf")
    c.fill(c.polygon([(172, 66), (180, 66), (174, 91), (167, 91)]), "#cfe3ee", alpha=0.35)
    c.fill(c.line([(164, 98), (164, 138)], 0.8), "#5f0f0d", alpha=0.8)
    c.fill(c.line([(201, 100), (199, 138)], 0.8), "#5f0f0d", alpha=0.8)
    c.fill(c.box(168, 102, 176, 104.5, 1), "#f1d9d6")
    c.fill(c.box(204, 66, 210, 82, 2), "#202226")
    c.fill(c.ellipse(216, 118, 4, 6), "#fff6d0", "#d9b65a")
    c.fill(c.box(206, 132, 225, 142, 3), "#d5d9dd", "#7d838a")
    c.fill(c.box(12, 118, 16, 126, 1), "#c3251d")
    for x in (44, 74, 190):
        c.fill(c.ellipse(x, 143, 17.5, 17.5), "#141518")
        c.wheel(x, 144, 15.5)
    return c


def automobile():
    c = Canvas(11)
    road(c, 92)
    c.light(120, 149, 104, 8, "#1a1b1e", 0.8)
    body = c.blob([(12, 118), (16, 104), (36, 97), (62, 92), (84, 72), (104, 64), (142, 63), (164, 70), (188, 92),
                   (212, 97), (226, 106), (230, 126), (226, 140), (200, 144), (120, 145), (40, 144), (16, 140), (11, 130)])
    c.fill(body, "#ef3b30", "#7c1312")
    c.light(120, 101, 104, 4, "#ffb3a4", 0.75, body)
    c.light(124, 67, 40, 3, "#ffc9bd", 0.8, body)
    c.fill(c.box(0, 128, W, 150), "#3f0808", alpha=0.45, blur=4, clip=body)
    glass = c.blob([(74, 93), (90, 77), (106, 70), (140, 69), (158, 74), (176, 92), (160, 94), (100, 95)])
    c.fill(glass, "#1e3245", "#86aac2")
    c.fill(c.polygon([(122, 66), (128, 66), (130, 97), (124, 97)]), "#a11f1a")
    c.fill(c.polygon([(98, 70), (112, 68), (96, 95), (82, 95)]), "#d7e8f1", alpha=0.35, clip=glass)
    for p in ([(127, 96), (128, 120), (124, 140)], [(78, 96), (76, 120), (84, 138)], [(178, 96), (176, 116), (168, 134)]):
        c.fill(c.line(p, 0.7), "#5c0d0c", alpha=0.8)
    c.fill(c.box(112, 104, 121, 106.5, 1), "#f3c9c3")
    c.fill(c.box(160, 104, 169, 106.5, 1), "#f3c9c3")
    c.fill(c.blob([(214, 103), (224, 107), (227, 114), (216, 113)]), "#fffbe8", "#c9c3a0")
    c.fill(c.blob([(13, 107), (20, 103), (24, 110), (14, 114)]), "#ff7a5c", "#b3150f")
    c.fill(c.box(208, 130, 231, 137, 3), "#2a0a0a")
    c.fill(c.blob([(70, 93), (66, 88), (72, 86), (78, 90)]), "#c52a22")
    for x in (58, 186):
        c.fill(c.ellipse(x, 139, 22, 22), "#170707", clip=body)
        c.wheel(x, 141, 18.5)
    return c


def frog():
    c = Canvas(13)
    c.fill(c.box(0, 0, W, H), "#8a7350", "#5a452a")
    for _ in range(40):
        c.light(c.random.uniform(0, W), c.random.uniform(0, 100), c.random.uniform(8, 26), c.random.uniform(8, 20),
                mix("#5a4a2c", "#b59a6c", c.random.random()), 0.4)
    ground = c.blob([(-30, 112), (60, 104), (150, 106), (270, 110), (270, 220), (-30, 220)])
    c.fill(ground, "#8a7048", "#4b3821")
    c.grain(ground, ["#b0946a", "#3a2a17", "#6e7a3c"], 500, 6, 0.9, 0.45, 0.1, 0.5)
    c.light(120, 160, 92, 12, "#1a1209", 0.75)
    skin, dark = "#68942f", "#2f5218"
    # hind legs
    for s in (-1, 1):
        x = lambda v: 120 + s * v
        leg = c.blob([(x(40), 108), (x(66), 96), (x(90), 108), (x(94), 132), (x(80), 152), (x(50), 156), (x(34), 140)])
        c.fill(leg, "#5b872c", "#284812")
        c.light(x(68), 110, 18, 8, "#b6d96a", 0.55, leg)
        for k in range(3):
            c.light(x(60 + 10 * k), 118 + 6 * k, 5, 3.5, "#2c4d14", 0.6, leg)
        for k in range(3):
            c.fill(c.line([(x(70), 154), (x(84 + 9 * k), 165 - 5 * k)], 4), "#55832a", "#2f5517")
    # body, belly
    body = c.blob([(120, 66), (150, 72), (172, 98), (176, 132), (160, 158), (120, 164), (80, 158), (64, 132), (68, 98), (90, 72)])
    c.fill(body, skin, dark)
    c.light(120, 152, 40, 26, "#e6e6a8", 0.85, body)
    for dx, dy, r in ((-42, 108, 6), (44, 112, 6), (-48, 128, 5), (50, 130, 5), (-34, 96, 4), (36, 98, 4)):
        c.light(120 + dx, dy, r, r * 0.8, "#2c4d14", 0.6, body)
    # front legs
    for s in (-1, 1):
        x = lambda v: 120 + s * v
        arm = c.blob([(x(40), 118), (x(50), 124), (x(48), 146), (x(44), 164), (x(32), 164), (x(32), 140)])
        c.fill(arm, "#7cab3a", "#3c6a1d")
        for k in range(4):
            c.fill(c.line([(x(38), 162), (x(24 + 10 * k), 171 - abs(k - 1.5))], 4), "#6c9b33", "#3a661c")
    # head
    head = c.blob([(120, 46), (146, 48), (172, 64), (180, 84), (166, 106), (120, 116), (74, 106), (60, 84), (68, 64), (94, 48)])
    c.fill(head, "#7aa63c", "#4a7022")
    c.light(120, 60, 44, 10, "#cfe88a", 0.6, head)
    c.light(120, 112, 46, 10, "#e9e9b0", 0.8, head)
    c.fill(c.line(spline([(66, 86), (90, 98), (120, 102), (150, 98), (174, 86), (150, 98), (120, 102), (90, 98)])[:48], 1.8), "#2a4712")
    for s in (-1, 1):
        c.fill(c.ellipse(120 + s * 6, 78, 1.4, 1), "#2a4712")
        ex, ey = 120 + s * 36, 50
        c.fill(c.ellipse(ex, ey + 3, 18, 17), "#9ccb50", "#5c8d2b")
        c.fill(c.ellipse(ex, ey, 13, 12.5), "#f2cf4a", "#b8801c")
        c.fill(c.ellipse(ex, ey, 10, 5.5), "#0c0c08")
        c.fill(c.ellipse(ex - 4, ey - 5, 2.6, 2.2), "#ffffff")
    c.grain(c.blob([(0, 176), (60, 168), (120, 174), (180, 168), (240, 176), (240, 184), (0, 184)]),
            ["#7d9a3e", "#4f6a26"], 160, 10, 1.0, 0.7, -1.5)
    return c


def horse():
    c = Canvas(19)
    c.fill(c.box(0, 0, W, 84), "#7fb2e0", "#e3eef4")
    c.cloud(50, 26, 24)
    c.cloud(200, 34, 20)
    for k in range(30):
        x, r = k * 8.4 + c.random.uniform(-3, 3), c.random.uniform(8, 15)
        c.light(x, 82 - r * 0.4, r, r, mix("#3d6b3a", "#6c9650", c.random.random()), 0.95, blur=1.2)
    field = c.box(0, 82, W, H)
    c.fill(field, "#94b45c", "#4d7a2e")
    c.grain(field, ["#b4cf78", "#3f6a26"], 700, 6, 0.7, 0.5, -1.5)
    c.light(112, 168, 76, 7, "#1d2f10", 0.7)
    coat, deep = "#9a5a2c", "#54290f"
    for p in ([(70, 104), (86, 106), (84, 132), (80, 146), (80, 166), (70, 166), (72, 146), (68, 128)],
              [(148, 108), (162, 106), (158, 132), (156, 146), (156, 166), (147, 166), (148, 146), (147, 128)]):
        c.fill(c.blob(p), "#6b3a19", "#2f1608")
    tail = c.blob([(44, 76), (52, 72), (56, 84), (46, 110), (38, 136), (28, 142), (34, 116), (36, 92)])
    c.fill(tail, "#2b1509", "#120803")
    body = c.blob([(48, 78), (62, 68), (90, 70), (118, 74), (140, 68), (152, 54), (164, 34), (172, 24), (184, 26), (192, 36),
                   (206, 52), (210, 62), (202, 68), (192, 64), (182, 58), (178, 66), (174, 84), (168, 104), (156, 116),
                   (130, 120), (100, 120), (78, 116), (56, 116), (46, 100)])
    c.fill(body, "#b26a35", "#6c3816")
    c.light(96, 78, 40, 6, "#dfa068", 0.65, body)
    c.light(156, 84, 12, 20, "#cf8d55", 0.5, body)
    c.light(104, 120, 50, 8, "#3b1c0a", 0.7, body)
    for p in ([(50, 98), (74, 100), (72, 124), (62, 140), (62, 160), (64, 168), (52, 168), (54, 150), (52, 134), (46, 118)],
              [(158, 100), (176, 96), (174, 122), (170, 138), (170, 160), (172, 168), (160, 168), (162, 150), (161, 130)]):
        leg = c.blob(p)
        c.fill(leg, "#a35f2e", "#4a230d")
    for x in (58, 75, 151.5, 166):
        c.fill(c.polygon([(x - 5.5, 163), (x + 5.5, 163), (x + 7, 170), (x - 7, 170)]), "#1a120c")
    c.fill(c.blob([(172, 22), (162, 26), (150, 44), (136, 64), (126, 74), (142, 74), (154, 64), (164, 46), (176, 32)]), "#2b1509", "#140903")
    c.fill(c.polygon([(172, 27), (175, 14), (181, 26)]), "#8a4f26")
    c.fill(c.polygon([(180, 27), (185, 15), (188, 28)]), "#7a431f")
    c.fill(c.ellipse(189, 39, 2.2, 2), "#0e0703")
    c.light(204, 60, 6, 6, "#3a1d0d", 0.8, body)
    c.fill(c.blob([(184, 28), (190, 34), (203, 52), (199, 52), (187, 36)]), "#f4eadf", alpha=0.9, blur=0.6)
    return c


PICTURES = {f.__name__: f for f in (ship, airplane, truck, automobile, frog, horse)}

if __name__ == "__main__":
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    for name, draw in PICTURES.items():
        draw().save(os.path.join(folder, name + ".ppm"))
