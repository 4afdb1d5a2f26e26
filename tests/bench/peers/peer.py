"""The other end of worker.py: a runtime that is measured."""

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any, Dict, List

from .runtimes import ROOT, RUNTIMES

HERE = os.path.join(ROOT, "tests", "bench")


class PeerError(Exception):
    pass


def environment(threads: int) -> Dict[str, str]:
    count = str(threads)
    path = os.pathsep.join([HERE, os.path.join(ROOT, "bindings", "python")])
    return {**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": count, "MKL_NUM_THREADS": count,
            "OPENVINO_TELEMETRY_DISABLE": "1"}


class Peer:
    def __init__(self, name: str, threads: int) -> None:
        self.name, self.threads = name, threads
        self.runtime = RUNTIMES[name]
        self.title, self.precision = self.runtime.title, self.runtime.precision
        self.count = 1  # forwards in a turn
        self.wake = True  # with one before them that does not count
        self.process = subprocess.Popen(
            [sys.executable, "-m", "peers.worker", name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment(threads),
        )

    def ask(self, do: str, **command: Any) -> Dict[str, Any]:
        """Wakes the process, waits for its answer, and stops it again."""
        assert self.process.stdin and self.process.stdout
        self.process.send_signal(signal.SIGCONT)
        try:
            self.process.stdin.write(json.dumps({"do": do, **command}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise PeerError(f"ended with status {self.process.wait()}")
        self.process.send_signal(signal.SIGSTOP)
        answer: Dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise PeerError(answer["error"])
        return answer

    def turn(self, cpu_time: bool) -> List[float]:
        seconds: List[float] = self.ask("run", count=self.count, wake=self.wake, cpu_time=cpu_time)["seconds"]
        return seconds

    def close(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                try:
                    pipe.close()
                except BrokenPipeError:
                    pass


def cold_start(name: str, model: str, side: int) -> "tuple[float, int]":
    """Seconds from the start of a process to its first logits, and its peak memory in bytes."""
    words = [sys.executable, "-m", "peers.worker", name, model, "1", str(side)]
    start = time.clock_gettime(time.CLOCK_MONOTONIC)
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment(1))
    assert process.stdout
    lines = process.stdout.read().split("\n")
    if process.wait() != 0:
        raise PeerError(f"ended with status {process.returncode}")
    at, peak = lines[-2].split()
    return float(at) - start, int(peak)
