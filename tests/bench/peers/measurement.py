"""Turns: every runtime computes for a moment, one after the other, again and again, so that all of them see the same machine."""

import statistics
import time
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

import numpy as np

from . import checkpoint
from .peer import Peer, PeerError

OURS = "vit-f32"  # what ratios and logits are compared with
# Largest difference of a logit, as part of the largest logit: f32 as in tests/golden; bf16 has 8 bits, rounded some 40 times
# on the way. How well a runtime quantises is its own affair: for int8 it is reported, and the cosine must only show that it is
# the same model.
TOLERANCE = {"f32": 1e-4, "bf16": 5e-2}
COSINE = 0.9
RANKS = {"f32": 0.99, "int8": 0.9}  # least rank correlation of a runtime that gives the order of the classes only


@dataclass(frozen=True)
class Setting:
    shape: checkpoint.Shape
    threads: int
    batch: int

    @property
    def label(self) -> str:
        return f"{self.shape.label}, {self.threads} thread{'s' * (self.threads > 1)}, batch {self.batch}"


@dataclass
class Result:
    title: str
    precision: str
    turns: List[float] = field(default_factory=list)  # milliseconds a picture, of the median forward of each turn
    is_slow: bool = False  # so slow that the second forward ever was its one turn
    difference: Optional[float] = None  # from our f32 logits, as part of the largest; None: there are ranks only
    cosine: float = 1  # with our f32 logits, or of the ranks
    failure: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.turns)

    def ratios_to(self, other: "Result") -> List[float]:
        """Of each round, in which both saw the same machine."""
        return [mine / its for mine, its in zip(self.turns, other.turns)]


@dataclass(frozen=True)
class Plan:
    rounds: int
    turn: float  # seconds that a turn should take
    budget: float  # seconds of one setting; beyond it there are fewer rounds, ROUNDS_LEAST at least
    cpu_time: bool  # where there is one thread


ROUNDS_LEAST = 3
LONG = 0.8  # seconds of a forward in which cold caches no longer count
SLOW, SLOW_SECONDS = 4, 2  # times as long as ours, and as long as this: one forward says enough


def _open(peers: Dict[str, Peer], setting: Setting, model: str, plan: Plan) -> "tuple[Dict[str, Result], Dict[str, Any]]":
    results: Dict[str, Result] = {}
    logits: Dict[str, Any] = {}
    seconds: Dict[str, float] = {}
    for name, peer in peers.items():
        if setting.batch > 1 and not peer.runtime.takes_batches:
            continue
        result = results[name] = Result(peer.title, peer.precision)
        try:
            answer = peer.ask("open", model=model, threads=setting.threads, batch=setting.batch, side=setting.shape.side,
                              cpu_time=plan.cpu_time and setting.threads == 1)
        except PeerError as error:
            result.failure = str(error)
            continue
        seconds[name] = answer["seconds"]
        logits[name] = np.array(answer["logits"])
        peer.count = max(1, round(plan.turn / seconds[name]))
        peer.wake = seconds[name] < LONG
    for name, value in seconds.items():
        results[name].is_slow = value > max(SLOW * seconds.get(OURS, value), SLOW_SECONDS)
        if results[name].is_slow:
            results[name].turns = [1e3 * value / setting.batch]
    return results, logits


def _cosine(a: Any, b: Any) -> float:
    return float((a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum()))


def _ranks(values: Any) -> Any:
    """Around 0."""
    return values.argsort(axis=-1).argsort(axis=-1) - (values.shape[-1] - 1) / 2


def _compare_logits(peers: Dict[str, Peer], results: Dict[str, Result], logits: Dict[str, Any]) -> None:
    ours = logits[OURS]
    for name, values in logits.items():
        result = results[name]
        if peers[name].runtime.gives_ranks:
            result.cosine = _cosine(_ranks(values), _ranks(ours))
            if result.cosine < RANKS[result.precision]:
                result.failure = f"another order of the classes: rank correlation {result.cosine:.4f}"
            continue
        result.difference = float(np.abs(values - ours).max() / np.abs(ours).max())
        result.cosine = _cosine(values, ours)
        if not (result.difference <= TOLERANCE.get(result.precision, np.inf) and result.cosine >= COSINE):
            result.failure = f"other logits: they differ by {result.difference:.2g} of the largest, cosine {result.cosine:.4f}"


def measure(peers: Dict[str, Peer], setting: Setting, model: str, plan: Plan) -> Dict[str, Result]:
    results, logits = _open(peers, setting, model, plan)
    if OURS not in logits:
        raise SystemExit(f"{setting.label}: {results[OURS].title}: {results[OURS].failure}")
    _compare_logits(peers, results, logits)
    running = [name for name, result in results.items() if not result.failure and not result.is_slow]
    started = time.perf_counter()
    for done in range(plan.rounds):
        if done >= ROUNDS_LEAST and time.perf_counter() - started > plan.budget:
            break
        for name in running:
            seconds = peers[name].turn(plan.cpu_time and setting.threads == 1)
            results[name].turns.append(1e3 * statistics.median(seconds) / setting.batch)
    return results


def start(names: List[str], threads: int, missing: Optional[Dict[str, str]] = None) -> "tuple[Dict[str, Peer], Dict[str, str]]":
    """Starts the runtimes that are there; the others' reasons go to missing. Returns them and their versions."""
    peers: Dict[str, Peer] = {}
    versions: Dict[str, str] = {}
    for name in names:
        peer = Peer(name, threads)
        try:
            versions[peer.title] = peer.ask("version")["version"]
            peers[name] = peer
        except PeerError as error:
            peer.close()
            if missing is not None:
                missing[peer.title] = str(error)
    return peers, versions
