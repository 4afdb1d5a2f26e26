#!/usr/bin/env python3
"""Writes data/: pieces of strings, small vocabularies, and what the reference tokenizers make of 10,000 strings.

    python3 tests/text/make_golden.py [SHARED]     (from the top folder)

Needs regex, ftfy, tokenizers, transformers, sentencepiece, open_clip_torch and a package of OpenAI's `clip`. SHARED is the folder
with labels/clip_bpe_simple_vocab_16e6.txt.gz (default ../shared).

A string is some of the pieces in data/pieces.bin one after the other; which, a small generator says that test_golden.c has too
(`string`, below). Of each string's ids a 32-bit hash is kept. Ids are those of the reference without a limit of length.

ftfy's repair of encodings ("mojibake") is switched off: libvit does not do it. How many of the strings it would change is printed.
"""
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


def is_new_mark(c):
    """Whether tokenizers' tables, which are older than Python's, have another combining class."""
    from tokenizers import normalizers
    return any(normalizers.NFC().normalize_str(t) != unicodedata.normalize("NFC", t) for t in ("\u0300" + c, "a\u0315" + c, c + "\u0301"))


def pieces():
    chance = random.Random(7)
    names = sorted(n for n in html.entities.html5 if n.endswith(";"))
    texts = WORDS + SPECIALS + ENTITY_PIECES + CONTROLS + MARKS + SPACES * 3 + list("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789'\"!?.,&<>|_-")
    texts += ["&" + n for n in chance.sample(names, 120)] + ["&" + n[:-1] for n in chance.sample(names, 30)]
    texts += ["&" + n.upper() for n in chance.sample([n for n in names if n == n.lower()], 30)]
    assigned = [chr(i) for i in range(0xA0, 0x30000) if unicodedata.category(chr(i)) not in ("Cn", "Cs", "Co")]
    assigned = [c for c in assigned if not is_new_mark(c)]
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


# ---- small vocabularies ----------------------------------------------------------------------------------------------------

def corpus(folder):
    chance = random.Random(5)
    path = os.path.join(folder, "corpus.txt")
    with open(path, "w") as f:
        for _ in range(3000):
            f.write(" ".join(chance.choice(WORDS[:chance.choice((60, len(WORDS)))]) for _ in range(chance.randrange(3, 12))) + "\n")
    return path


def train_sentencepiece(path, folder):
    """As c4_en has it (pad 0, end 1, unknown 2), with the part of its map of characters that the pieces need: nmt_nfkc is 240 kB."""
    import sentencepiece
    settings = dict(input=path, vocab_size=500, model_type="unigram", pad_id=0, eos_id=1, unk_id=2, bos_id=-1, num_threads=1,
                    minloglevel=2, character_coverage=0.995)
    full = os.path.join(folder, "full")
    sentencepiece.SentencePieceTrainer.train(model_prefix=full, normalization_rule_name="nmt_nfkc", **settings)
    normal = sentencepiece.SentencePieceProcessor(model_file=full + ".model")
    rules = {}
    texts = [chr(i) for i in range(1, 0x600)] + [c for p in pieces() for c in p.decode(errors="replace")] + MARKS
    for text in texts:
        for n in range(1, len(text) + 1):
            for i in range(len(text) - n + 1):
                key = text[i:i + n]
                raw = normal.normalize("x" + key + "x")  # without what is done to blanks at the ends
                value = raw[1:-1].replace("▁", " ") if raw.startswith("x") else None
                if raw.startswith("▁"):
                    value = raw[2:-1].replace("▁", " ")
                if value is not None and value != key and key not in (" ", "▁"):
                    rules[key] = value
    tsv = os.path.join(folder, "rules.tsv")
    with open(tsv, "w") as f:
        for key in sorted(rules):
            f.write(" ".join("%X" % ord(c) for c in key) + "\t" + " ".join("%X" % ord(c) for c in rules[key]) + "\n")
    small = os.path.join(folder, "small")
    sentencepiece.SentencePieceTrainer.train(model_prefix=small, normalization_rule_tsv=tsv, **settings)
    with open(small + ".model", "rb") as f:
        return f.read()


def train_clip(path):
    """A tokenizer.json like CLIP's, and its vocab.json and merges.txt."""
    import json
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    t = Tokenizer(models.BPE(continuing_subword_prefix="", end_of_word_suffix="</w>", unk_token="<|endoftext|>"))
    t.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    words = r"""'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"""
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(words), behavior="removed", invert=True),
                                               pre_tokenizers.ByteLevel(add_prefix_space=False)])
    t.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    t.train([path], trainers.BpeTrainer(vocab_size=1000, end_of_word_suffix="</w>", show_progress=False, initial_alphabet=alphabet))
    model = json.loads(t.to_str())["model"]
    vocab = {}
    for text in sorted(alphabet) + [c + "</w>" for c in sorted(alphabet)] + ["".join(m) for m in model["merges"]]:
        vocab.setdefault(text, len(vocab))
    vocab["<|startoftext|>"] = len(vocab)
    vocab["<|endoftext|>"] = len(vocab)
    t.model = models.BPE(vocab=vocab, merges=[tuple(m) for m in model["merges"]], continuing_subword_prefix="",
                         end_of_word_suffix="</w>", unk_token="<|endoftext|>")
    t.add_special_tokens([AddedToken("<|startoftext|>", normalized=True, special=True),
                          AddedToken("<|endoftext|>", normalized=False, special=True)])
    t.post_processor = processors.RobertaProcessing(("<|endoftext|>", vocab["<|endoftext|>"]),
                                                    ("<|startoftext|>", vocab["<|startoftext|>"]), False, False)
    merges = "#version: 0.2\n" + "".join(" ".join(m) + "\n" for m in model["merges"])
    return t, json.dumps(vocab, ensure_ascii=False, separators=(",", ":")), merges, vocab, model["merges"]


def train_siglip2(path):
    from tokenizers import Tokenizer, models, normalizers, processors, trainers
    import json
    import transformers
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"] + ["<0x%02X>" % i for i in range(256)]
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    t.normalizer = normalizers.Sequence([normalizers.Lowercase(), normalizers.Replace(" ", "▁")])
    t.train([path], trainers.BpeTrainer(vocab_size=800, special_tokens=special, show_progress=False, max_token_length=12))
    model = json.loads(t.to_str())["model"]
    made = transformers.Siglip2Tokenizer(vocab=model["vocab"], merges=[tuple(m) for m in model["merges"]])
    made._tokenizer.post_processor = processors.TemplateProcessing(single=["$A", "<eos>"], special_tokens=[("<eos>", 1)])
    return made._tokenizer


def t5_json(model):
    """What transformers' converter makes of spiece.model."""
    from sentencepiece import sentencepiece_model_pb2
    from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
    m = sentencepiece_model_pb2.ModelProto()
    m.ParseFromString(model)
    t = Tokenizer(models.Unigram([(p.piece, p.score) for p in m.pieces], unk_id=2))
    t.normalizer = normalizers.Sequence([normalizers.Precompiled(m.normalizer_spec.precompiled_charsmap),
                                         normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), "▁")])
    t.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    t.post_processor = processors.TemplateProcessing(single=["$A", "</s>"], special_tokens=[("</s>", 1)])
    t.add_special_tokens([AddedToken(text, normalized=False, special=True) for text in ("</s>", "<unk>", "<pad>")])
    return t


# ---- references ------------------------------------------------------------------------------------------------------------

def openai_tokenizer(merges):
    """clip/simple_tokenizer.py of OpenAI's package, without the rest of it."""
    import importlib.util
    place = importlib.util.find_spec("clip").submodule_search_locations[0]
    spec = importlib.util.spec_from_file_location("simple_tokenizer", os.path.join(place, "simple_tokenizer.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.SimpleTokenizer(merges)


def main(shared):
    import tempfile
    import ftfy
    import open_clip.tokenizer
    import sentencepiece
    import transformers
    parts = pieces()
    texts = [string(parts, i).decode(errors="replace") for i in range(COUNT)]
    fix = ftfy.fix_text
    print("ftfy would repair the encoding of", sum(fix(t) != fix(t, fix_encoding=False) for t in texts), "of", COUNT)
    ftfy.fix_text = lambda text: fix(text, fix_encoding=False)
    write("pieces.bin", b"".join(bytes([len(p)]) + p for p in parts))
    with tempfile.TemporaryDirectory() as folder:
        path = corpus(folder)
        model = train_sentencepiece(path, folder)
        write("spiece.model", model)
        clip_json, vocab_json, merges_txt, vocab, merges = train_clip(path)
        siglip2 = train_siglip2(path)
        t5 = t5_json(model)
        for name, text in (("clip.json", clip_json.to_str()), ("siglip2.json", siglip2.to_str()), ("t5.json", t5.to_str()),
                           ("vocab.json", vocab_json), ("merges.txt", merges_txt)):
            write(name, text.encode())
        real = os.path.join(shared, "labels", "clip_bpe_simple_vocab_16e6.txt.gz")
        begin, end = [49406], [49407]
        openai = openai_tokenizer(real)
        open_clip_default = open_clip.tokenizer.SimpleTokenizer(real)
        clip = transformers.CLIPTokenizer(vocab=vocab, merges=[tuple(m) for m in merges])
        siglip = transformers.SiglipTokenizer(os.path.join(DATA, "spiece.model"), model_max_length=10**9)
        plain = sentencepiece.SentencePieceProcessor(model_proto=model)
        canonical = open_clip.tokenizer._clean_canonicalize
        references = {  # test_golden.c has the same list
            "openai": lambda t: begin + openai.encode(t) + end,
            "open_clip": lambda t: begin + open_clip_default.encode(t) + end,
            "hf_clip": lambda t: clip(t).input_ids,
            "clip_json": lambda t: clip_json.encode(t).ids,
            "siglip": lambda t: siglip(t).input_ids,
            "sentencepiece": lambda t: plain.encode(t) + [1],
            "t5_json": lambda t: t5.encode(t).ids,
            "open_clip_siglip": lambda t: t5.encode(canonical(t)).ids,
            "siglip2_json": lambda t: siglip2.encode(t).ids,
        }
        for name, encode in references.items():
            write(name + ".hash", b"".join(struct.pack("<I", hash_of(encode(t))) for t in texts))
            print(name)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "../shared")
