"""What `vit bench` says of libvit alone: how close it comes to the machine's limits, where the time goes, how cost grows."""

import json
import os
import subprocess
from typing import Any, Callable, Dict, List, Optional

from .peer import ROOT

# A title, and the words after `vit bench`.
SETTINGS = [
    (f"{title}{', 2 threads' if threads == 2 else ''}{'' if precision == 'f32' else ', ' + precision}",
     ["--size", size, "--threads", str(threads), "--precision", precision])
    for precision in ("f32", "bf16", "int8")
    for threads in (1, 2)
    for title, size in (("Ti/16", "ti16"), ("S/16", "s16"), ("B/16", "b16"))
] + [
    ("Ti/16, batch 8", ["--size", "ti16", "--batch", "8", "--runs", "20"]),
    ("S/16, batch 8", ["--size", "s16", "--batch", "8", "--runs", "9"]),
    ("B/16, batch 8", ["--size", "b16", "--batch", "8", "--runs", "5"]),
    ("B/16 at 384 px", ["--size", "b16", "--image-size", "384", "--runs", "5"]),
    ("S/8", ["--size", "s8", "--runs", "7"]),
    ("S/14 at 518 px", ["--size", "s14", "--image-size", "518", "--runs", "5"]),
    ("B/16, AVX2", ["--size", "b16", "--isa", "avx2", "--runs", "7"]),
]
OPERATORS = ["Ti/16", "S/16", "B/16", "B/16, int8"]  # titles of SETTINGS whose operators are shown


class Own:
    def __init__(self) -> None:
        self.rows: Dict[str, Dict[str, Any]] = {}  # by title
        self.sweep: List[Dict[str, Any]] = []
        self.cold: Optional[Dict[str, Any]] = None


def _vit(*words: str) -> Optional[Any]:
    done = subprocess.run([os.path.join(ROOT, "build", "vit"), "bench", "--json", "--quiet", *words], capture_output=True, text=True)
    return json.loads(done.stdout) if done.returncode == 0 else None


def measure(work: str, cpu_time: bool, say: Callable[[str], None]) -> Own:
    own = Own()
    for title, words in SETTINGS:
        say(f"vit bench, {title}")
        row = _vit(*words, *(["--cpu-time"] if cpu_time and "2 threads" not in title else []))
        if row:  # else this library does not know the precision, or this machine the instruction set
            own.rows[title] = row
    say("vit bench --sweep")
    own.sweep = (_vit("--sweep", "all", *(["--cpu-time"] if cpu_time else [])) or {"sweep": []})["sweep"]
    say("vit bench --cold")
    os.makedirs(work, exist_ok=True)
    file = os.path.join(work, "b16.vit")
    if _vit("--size", "b16", "--runs", "1", "--save", file):
        own.cold = _vit("--cold", file)
        os.remove(file)
    return own
