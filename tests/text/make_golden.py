#!/usr/bin/env python3
"""Writes data/: pieces of strings, small vocabularies, and what the reference tokenizers make of 10,000 strings.

    python3 tests/text/make_golden.py [SHARED]     (from the top folder)

Needs regex, ftfy, tokenizers, transformers, sentencepiece, open_clip_torch and a package of OpenAI's `clip`. SHARED is the folder
with labels/clip_bpe_simple_vocab_16e6.txt.gz (default ../shared).

A string is some of the pieces in data/pieces.bin one after the other; which, a small generator says that test_golden.c has too
(`string`, below). Of each string's ids a 32-bit hash is kept. Ids are those of the reference without a limit of length.

ftfy's repair of encodings ("mojibake") is switched off: libvit does not do it. How many of the strings it would change is printed.
"""
import hashlib
import html.entities
import os
import random
import struct
import sys
import unicodedata

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "data")
COUNT = 10000
MASK = (1 << 64) - 1

WORDS = """a photo of the cat dog cats dog's it's IT'S don't I'm we'll they've you're he'd can't won't rock'n'roll 'sup 'tis o'clock
The Quick BROWN fox jumps Over lazy airplane automobile photograph painting zebra crossing skyscraper antidisestablishmentarianism
hello-world foo_bar snake_case camelCase e.g. i.e. U.S.A. 3.14 1,000,000 10 2023 007 1st 2nd 50% $5 #hashtag @user www.example.com
https://example.com/a?b=c&d=e x=y a+b C++ C# <b> </b> <br/> {} {cat} [x] (y) ... -- --- !? !!! *** ~~ `` ^^ || \\ // :) ;-) <3
naïve café résumé Ünïcödé ÅNGSTRÖM straße STRASSE ŒUVRE Łódź Çelik İstanbul ıstanbul Dž ǅ ŉ ĳ ﬁnance oﬃce ﬂuﬃest ﬅ ſea 'ſ
Ελληνικά ΟΔΥΣΣΕΥΣ ΣΑΣ Σ ΣΊΣΥΦΟΣ ὈΔΥΣΣΕΎΣ ὡς Привет МОСКВА ё Ё йод й Україна Ґ 日本語 写真 猫 犬 東京タワー カタカナ ひらがな ｶﾀｶﾅ ｶﾞ ﾊﾟ
ＬＯＵＤ　１２３ ＆ａｍｐ； 한국어 고양이 ᄒᆞᆫ 각 ﾡﾢ ￦ ￣ 中文 简体字 繁體字 豈 更 車 עברית שָׁלוֹם العربية مرحبا ١٢٣ लोकतंत्र हिन्दी क़ १२३ ไทย แมว ภาพ தமிழ்
ქართული ᲐᲑᲒ Ꭰꭰ ᎠᎡ ⅷ Ⅷ ½ ² ³ ① ㈱ ㎏ № ™ © ® ℃ Ω Å K ﷺ µ µm ϐ ϑ ϵ 𝒜𝓑𝕔 𝟘𝟙 𐐀 𐐨 𞤀 Ա ա և
😀 😂 👍 👍🏽 👨‍👩‍👧‍👦 🇩🇪 🇫🇷 ❤️ ☺ ✈️ 🏳️‍🌈 1️⃣ 🧑🏿‍🚀 🐈 🐕‍🦺 ☃ ★ → ∑ √2 ≠ ∞
“quoted” ‘single’ it’s don’t l’eau „low“ «guillemets» – — … • ‹ › ′ ″ ʼ""".split()
SPECIALS = ["<|startoftext|>", "<|endoftext|>", "<|STARTOFTEXT|>", "<|EndOfText|>", "<|endoftext", "<|", "|>", "<start_of_text>",
            "<end_of_text>", "<START_OF_TEXT>", "<|ſtartoftext|>", "</s>", "<s>", "<unk>", "<pad>", "</S>", "<0x41>", "</w>", "▁", "▁a",
            "▁▁", "<eos>", "<bos>", "<extra_id_0>"]
ENTITY_PIECES = ["&amp;", "&amp", "&lt;", "&lt", "&gt;", "&quot;", "&apos;", "&#39;", "&#039", "&#x27;", "&#x1F600;", "&#128512;", "&nbsp;",
                 "&#160;", "&eacute;", "&EACUTE;", "&szlig;", "&SZLIG;", "&SZLIG", "&hellip;", "&mdash;", "&rsquo;", "&amp;amp;",
                 "&amp;lt;", "&amp;amp;amp;", "&amp;#39;", "&#0;", "&#1;", "&#11;", "&#13;", "&#55296;", "&#1114112;", "&#xFFFE;", "&#xFDD0;",
                 "&#99999999999999999999;", "&#x;", "&#;", "&#", "&#59;", "&#38;amp;", "&notit;", "&not", "&notin;", "&copy2020",
                 "&NotEqualTilde;", "&acE;", "&nGt;", "&CounterClockwiseContourIntegral;", "&fjlig;", "&FJLIG;", "&zwnj;", "&NewLine;",
                 "&Tab;", "&bogus;", "&BOGUS;", "&GTDOT;", "&hearts;", "&HEARTS;", "&alpha;", "&ALPHA;", "&Alpha;", "&", ";", "#", "&x", "x41;",
                 "&aMp;", "&Amp;", "&ltcc;", "&ltcc", "&amp;nbsp;", "&napos;", "&NAPOS;", "&micro;", "&MICRO;", "&filig;", "&FILIG;",
                 "&sigmaf;", "&SIGMAF;", "&jscr;", "&JSCR;", "&half;", "&AMP", "&AMP;", "&LT;", "&QUOT", "&COPY", "&REG;"]
SPACES = [" ", " ", " ", "  ", "   ", "\t", "\n", "\r\n", "\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x1f", "\x85", "\xa0", "\u1680", "\u2003",
          "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "\u200b", "\u200c", "\u200d", "\u180e", "\ufeff", "\u2060", "\u00ad"]
CONTROLS = ["\0", "\x01", "\x07", "\x08", "\x0e", "\x1b", "\x1b[31m", "\x1b[0m", "\x1b［1m", "\x1b[", "\x7f", "\x80", "\x81", "\x92", "\x93",
            "\x9f", "\u206a", "\u206f", "\ufff9", "\ufffb", "\ufffc", "\ufffd", "\u202e", "\u200e", "\U000e0041", "\U0001d173", "\ue000",
            "\U000f0000", "\U0010ffff", "\uffff", "\ufffe"]
MARKS = ["e\u0301", "E\u0301", "a\u0308", "a\u0328\u0301", "a\u0301\u0328", "\u0301", "\u0308\u0301", "o\u0302\u0301", "q\u0307\u0323", "q\u0323\u0307",
         "\u1e0b\u0323", "\u1e0d\u0307", "A\u030a", "\u212b", "n\u0303", "\u0344", "\u0958", "\u0915\u093c", "\u09c7\u09be", "\u0b47\u0b56",
         "\u1100\u1161", "\u1100\u1161\u11a8", "\uac00\u11a8", "\u11a8", "\u0f73", "\u0fb2\u0f80", "\u0f71\u0f72", "\u2126", "\u1f71",
         "\u03b1\u0313\u0300\u0345", "\u0345", "\u0653", "\u0627\u0653", "\u05e9\u05c1\u05bc", "\ufb2a", "\ufb1d", "\u30ab\u3099",
         "\u3099", "\u0e01\u0e4d\u0e32", "\u0300\u0301\u0302\u0303\u0304\u0305", "\U0001d15e", "\U000110a5\U000110ba", "\U0002f804", "\u0cca",
         "\u0dd9\u0dcf\u0dca", "\u1b05\u1b35", "\u0600", "\u0600a", "a\u0903", "a\u200d", "\u00e9\u0301", "i\u0307", "\u0130", "I\u0307", "\u2adc",
         "a\u0315\u0300\u05ae\u0300b"]
BAD = [b"\xff", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80", b"\x80", b"\xbf\xbf", b"\xe0\x9f\x80",
       b"\xf4\x90\x80\x80", b"\xf0\x80", b"\xe1\x80\xe2", b"\xc2\xc2\xa9"]


def pieces():
    chance = random.Random(7)
    names = sorted(n for n in html.entities.html5 if n.endswith(";"))
    texts = WORDS + SPECIALS + ENTITY_PIECES + CONTROLS + MARKS + SPACES * 3 + list("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789'\"!?.,&<>|_-")
    texts += ["&" + n for n in chance.sample(names, 120)] + ["&" + n[:-1] for n in chance.sample(names, 30)]
    texts += ["&" + n.upper() for n in chance.sample([n for n in names if n == n.lower()], 30)]
    assigned = [chr(i) for i in range(0xA0, 0x30000) if unicodedata.category(chr(i)) not in ("Cn", "Cs", "Co")]
    many = [c for c in assigned if 0x3400 <= ord(c) <= 0xD7FF or ord(c) > 0x20000]  # CJK, Hangul
    few = sorted(set(assigned) - set(many))
    texts += chance.sample(few, 900) + chance.sample(many, 60)
    return [t.encode() for t in texts] + BAD


def generator(seed):
    state = seed
    while True:
        state ^= state >> 12
        state = (state ^ state << 25) & MASK
        state ^= state >> 27
        yield state * 2685821657736338717 & MASK


def string(parts, i):
    """String i: as test_golden.c builds it."""
    draw = generator((i + 1) * 0x9E3779B97F4A7C15 & MASK)
    length = (next(draw) >> 33) % 12
    if i % 250 == 249:
        length = 40 + (next(draw) >> 33) % 400
    text = b""
    for _ in range(length):
        r = next(draw) >> 33
        text += parts[r % len(parts)]
        if r >> 20 & 3 == 0:
            text += b" "
    return text


def hash_of(ids):
    h = 2166136261
    for value in ids:
        for byte in struct.pack("<I", value):
            h = (h ^ byte) * 16777619 & 0xFFFFFFFF
    return h


def write(name, data):
    with open(os.path.join(DATA, name), "wb") as f:
        f.write(data)
