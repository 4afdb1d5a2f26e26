"""One runtime in a process of its own, so that its threads and allocations disturb nobody: `python -m peers.worker RUNTIME` reads
commands as JSON, one a line, and answers likewise. When idle it is stopped from outside and cannot spin."""

import json
import os
import resource
import sys
import time
from typing import Any, Dict, Optional, TextIO

import numpy as np

from . import checkpoint
from .runtimes import RUNTIMES, Files, Forward


class Worker:
    def __init__(self, name: str) -> None:
        self.runtime = RUNTIMES[name]
        self.forward: Optional[Forward] = None
        self.pictures = np.empty(0)

    def version(self, _: Dict[str, Any]) -> Dict[str, Any]:
        return {"version": self.runtime.version()}

    def open(self, command: Dict[str, Any]) -> Dict[str, Any]:
        """With the first forward, in which some runtimes still optimise, and a timed second one."""
        self.forward = None
        batch = command["batch"]
        self.forward = self.runtime.open(Files(command["model"]), command["threads"], batch)
        self.pictures = checkpoint.picture(command["side"], batch)
        logits = self.forward(self.pictures)
        return {"seconds": self._timed(command), "logits": logits.tolist()}

    def _timed(self, command: Dict[str, Any]) -> float:
        assert self.forward is not None
        clock = time.process_time if command["cpu_time"] else time.perf_counter
        start = clock()
        self.forward(self.pictures)
        return self.runtime.seconds() or clock() - start

    def run(self, command: Dict[str, Any]) -> Dict[str, Any]:
        """One forward to wake up, unless that would be lost in a long one, then `count` timed ones."""
        assert self.forward is not None
        if command["wake"]:
            self.forward(self.pictures)
        return {"seconds": [self._timed(command) for _ in range(command["count"])]}


def peak_bytes() -> int:
    """Of this process since it began, or of the largest that it started. What getrusage says of itself holds its parent's peak too."""
    with open("/proc/self/status") as file:
        own = next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))
    return 1024 * max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)


def first(name: str, model: str, threads: int, side: int) -> None:
    """A cold start: says when the first logits are there, and how much memory it took."""
    RUNTIMES[name].open(Files(model), threads, 1)(checkpoint.picture(side, 1))
    print(time.clock_gettime(time.CLOCK_MONOTONIC), peak_bytes(), flush=True)


def serve(name: str, commands: TextIO, answers: TextIO) -> None:
    worker = Worker(name)
    for line in commands:
        command = json.loads(line)
        try:
            answer = getattr(worker, command["do"])(command)
        except Exception as error:  # whatever a runtime throws: it is left out of the tables, with this reason
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0][:200]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    if len(sys.argv) > 2:
        first(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        with os.fdopen(os.dup(1), "w") as own:  # runtimes print to standard output too
            os.dup2(2, 1)
            serve(sys.argv[1], sys.stdin, own)
