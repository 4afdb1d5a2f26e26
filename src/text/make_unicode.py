#!/usr/bin/env python3
"""Writes unicode_tables.c and entity_table.c: what tokenizers know about characters and HTML entities, in a compact form.

    python3 src/text/make_unicode.py        (from the top folder; needs the regex package)

Letters and numbers are those of the regex package, which OpenAI's tokenizer uses; lower case, canonical composition and case
properties are those of the interpreter that runs this. The first lines of the written files say which versions that were.
"""
import html.entities
import os
import sys
import unicodedata

import regex

HERE = os.path.dirname(os.path.abspath(__file__))
CHARACTERS = [chr(i) for i in range(0x110000) if not 0xD800 <= i < 0xE000]
IDEOGRAPHS = [*range(0xF900, 0xFB00), *range(0x2F800, 0x2FA1E)]  # compatibility ideographs: each is another one
LETTER, NUMBER, CASED, IGNORABLE, MARK, CONTROL = 1, 2, 4, 8, 16, 32  # unicode.h


def numbers(values):
    """Lines of at most 128 characters."""
    line, lines = "    ", []
    for value in values:
        word = "%d," % value
        if len(line) + len(word) > 128:
            lines.append(line)
            line = "    "
        line += word
    return "\n".join(lines + [line])


def array(kind, name, values):
    return "const %s %s[%d] = {\n%s\n};\n" % (kind, name, len(values), numbers(values))


def head(name, what):
    return ("/* %s: %s Written by make_unicode.py: Python %d.%d (Unicode %s), regex %s.\n * Do not edit. */\n"
            % (name, what, *sys.version_info[:2], unicodedata.unidata_version, regex.__version__))


# ---- properties ------------------------------------------------------------------------------------------------------------

def properties():
    tests = [(LETTER, r"\p{L}"), (NUMBER, r"\p{N}"), (CASED, r"\p{Cased}"), (IGNORABLE, r"\p{Case_Ignorable}"),
             (MARK, r"[\p{GCB=Extend}\p{GCB=SpacingMark}\p{GCB=ZWJ}]"), (CONTROL, r"[\p{GCB=Control}\p{GCB=CR}\p{GCB=LF}]")]
    flags = [0] * 0x110000
    for bit, pattern in tests:
        compiled = regex.compile(pattern)
        for c in CHARACTERS:
            if compiled.match(c):
                flags[ord(c)] |= bit
    return flags


def runs(values):
    """Where the value changes: per plane the index of its first run, then starts (within the plane) and values."""
    planes, starts, kinds = [], [], []
    for plane in range(17):
        planes.append(len(starts))
        last = None
        for i in range(0x10000):
            value = values[plane << 16 | i]
            if value != last:
                starts.append(i)
                kinds.append(value)
                last = value
    return planes + [len(starts)], starts, kinds


def packed_runs(values):
    """Runs of one value as bytes: kind << 4 and length - 1, or 15 and length - 16 in groups of 7 bits, low ones first. Also the
    kinds, and of every 16th run its first character and its place."""
    kinds, starts, places, packed = sorted(set(values)), [], [], []
    assert len(kinds) <= 16
    edges = [i for i in range(0x110000) if i == 0 or values[i] != values[i - 1]] + [0x110000]
    for number, (start, end) in enumerate(zip(edges, edges[1:])):
        if number % 16 == 0:
            starts.append(start)
            places.append(len(packed))
        length, kind = end - start, kinds.index(values[start])
        packed.append(kind << 4 | min(length - 1, 15))
        if length >= 16:
            rest = length - 16
            while rest > 127:
                packed.append(rest & 127 | 128)
                rest >>= 7
            packed.append(rest)
    return kinds, starts, places, packed


def lower_runs():
    """Triples: first character, how many << 1 | 1 when every other one, what to add."""
    pairs = [(ord(c), ord(c.lower())) for c in CHARACTERS if c.lower() != c and len(c.lower()) == 1]
    found = []
    while pairs:
        (first, low), best = pairs[0], (1, 1)
        have = dict(pairs)
        for step in (1, 2):
            n = 1
            while have.get(first + n * step) == low + n * step and n < 1000:
                n += 1
            if n > best[0]:
                best = (n, step)
        n, step = best
        found += [first, n << 1 | (step == 2), low - first]
        gone = {first + i * step for i in range(n)}
        pairs = [p for p in pairs if p[0] not in gone]
    order = sorted(range(0, len(found), 3), key=lambda i: found[i])
    return [v for i in order for v in found[i:i + 3]]


def compositions():
    near, far = [], []
    for c in CHARACTERS:
        text = unicodedata.decomposition(c)
        if not text or text[0] == "<" or ord(c) in IDEOGRAPHS:
            continue
        parts = [int(p, 16) for p in text.split()]
        row = (ord(c), parts[0], parts[1] if len(parts) > 1 else 0)
        (near if max(row) < 0x10000 else far).append(row)
    ideographs = [int(unicodedata.decomposition(chr(i)) or "0", 16) for i in IDEOGRAPHS]
    assert all(i >> 16 in (0, 2) and (i == 0 or i & 0xFFFF) for i in ideographs)
    composes = lambda row: row[2] and unicodedata.normalize("NFC", chr(row[1]) + chr(row[2])) == chr(row[0])
    pairs = sorted((i for i, row in enumerate(near) if composes(row)), key=lambda i: near[i][1:])
    far = [row + (1 if composes(row) else 0,) for row in far]
    return near, far, ideographs, pairs


def write_unicode():
    near, far, ideographs, pairs = compositions()
    out = [head("unicode_tables.c", "see unicode.h."), '#include "text/unicode_tables.h"\n']
    classes = properties()
    kinds, starts, places, packed = packed_runs(classes)
    out.append(array("uint8_t", "vi_class_ascii", classes[:128]))
    out.append(array("uint8_t", "vi_class_kinds", kinds))
    out.append(array("uint32_t", "vi_class_starts", starts))
    out.append(array("uint16_t", "vi_class_places", places))
    out.append(array("uint8_t", "vi_class_runs", packed))
    orders = [0] * 0x110000
    for c in CHARACTERS:
        orders[ord(c)] = unicodedata.combining(c)
    planes, starts, values = runs(orders)
    out.append(array("uint16_t", "vi_order_planes", planes))
    out.append(array("uint16_t", "vi_order_starts", starts))
    out.append(array("uint8_t", "vi_order_values", values))
    low = lower_runs()
    out.append(array("int32_t", "vi_lower_runs", low))
    out.append(array("uint16_t", "vi_compose_near", [v for row in near for v in row]))
    out.append(array("uint32_t", "vi_compose_far", [v for row in far for v in row]))
    out.append(array("uint16_t", "vi_compose_ideographs", [i & 0xFFFF for i in ideographs]))
    beyond = [i >> 16 != 0 for i in ideographs] + [False] * 7
    beyond = [sum(beyond[i + k] << k for k in range(8)) for i in range(0, len(ideographs), 8)]
    out.append(array("uint8_t", "vi_compose_beyond", beyond))
    out.append(array("uint16_t", "vi_compose_pairs", pairs))
    out.append(array("uint16_t", "vi_width_forms", [width(i) for i in range(0xFF5F, 0xFFEF)]))
    with open(os.path.join(HERE, "unicode_tables.c"), "w") as f:
        f.write("\n".join(out))
    return {"near": len(near), "far": len(far), "pairs": len(pairs), "low": len(low) // 3}


def width(i):
    text = unicodedata.normalize("NFKC", chr(i))
    assert len(text) == 1 or i == 0xFFE3  # a blank with a macron above: the one that becomes two characters
    return ord(text[-1])


# ---- HTML entities ---------------------------------------------------------------------------------------------------------

def write_entities():
    """Sorted names, each: flags and how many bytes it shares with the one before; the others, the last with its high bit set;
    its characters in 16 bits each."""
    table = {k[:-1]: v for k, v in html.entities.html5.items() if k.endswith(";")}
    legacy = {k for k in html.entities.html5 if not k.endswith(";")}
    assert legacy <= set(table) and all(table[k] == html.entities.html5[k] for k in legacy)
    stream, index, before = [], {}, ""
    for name in sorted(table):
        if name[0] not in index:
            index[name[0]], before = len(stream), ""
        shared = len(os.path.commonprefix([before, name]))
        shared = min(shared, len(name) - 1)
        first, *second = [ord(c) for c in table[name]]
        assert len(second) < 2 and first < 0x20000 and max(second, default=0) < 0x10000
        stream.append(shared | (name in legacy) << 5 | (first > 0xFFFF) << 6 | len(second) << 7)
        rest = [ord(c) for c in name[shared:]]
        stream += rest[:-1] + [rest[-1] | 0x80]
        for value in [first] + second:
            stream += [value & 0xFF, value >> 8 & 0xFF]
        before = name
    starts = [index.get(chr(c), len(stream)) for c in range(ord("A"), ord("z") + 2)]
    for i in range(len(starts) - 2, -1, -1):  # letters without a name end where they begin
        starts[i] = min(starts[i], starts[i + 1])
    capitals = {c.lower(): c for c in reversed(CHARACTERS) if c.lower() != c}
    uppers = {}  # where str.upper is not what has this as its lower case
    for name, text in table.items():
        for c in text if name == name.lower() else "":
            if c.upper() != capitals.get(c, c):
                assert len(c.upper()) <= 3 and ord(c) < 0x10000
                uppers[c] = [ord(c)] + ([ord(d) for d in c.upper()] + [0, 0])[:3]
    with open(os.path.join(HERE, "entity_table.c"), "w") as f:
        f.write(head("entity_table.c", "see entity.c.") + '\n#include "text/unicode_tables.h"\n\n'
                + array("uint16_t", "vi_entity_starts", starts) + "\n" + array("uint8_t", "vi_entity_names", stream)
                + "\n" + array("uint16_t", "vi_entity_uppers", sum((uppers[c] for c in sorted(uppers)), []) + [0]))
    return len(stream)


if __name__ == "__main__":
    print(write_unicode(), write_entities())
