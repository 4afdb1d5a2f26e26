"""What a reader of the tables must know of the machine they were made on."""

import os
import platform
import re
from typing import Dict, List

_FLAGS = ["avx2", "fma", "avx512f", "avx512bw", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8", "asimddp", "bf16", "i8mm"]


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


def _caches() -> str:
    base, texts = "/sys/devices/system/cpu/cpu0/cache", []
    for index in sorted(os.listdir(base)) if os.path.isdir(base) else []:
        level, kind, size = (_read(f"{base}/{index}/{name}") for name in ("level", "type", "size"))
        if size and kind != "Instruction":
            texts.append(f"L{level} {size}")
    return ", ".join(texts)


def describe() -> List[str]:
    info = _read("/proc/cpuinfo")
    found: Dict[str, str] = dict(re.findall(r"^([^\t:]+?)\s*: (.*)$", info, re.MULTILINE))
    flags = (found.get("flags") or found.get("Features") or "").split()
    name = found.get("model name", platform.processor() or platform.machine())
    model = f", family {found['cpu family']} model {found['model']}" if "cpu family" in found else ""
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return [
        f"{name}{model}; {os.cpu_count()} processors{', virtual' if 'hypervisor' in flags else ''}",
        f"of its instructions: {', '.join(flag for flag in _FLAGS if flag in flags) or 'unknown'}",
        f"caches: {_caches() or 'unknown'}",
        f"{platform.system()} {platform.release().split('-')[0]}, Python {platform.python_version()}; load average when this was written: {load}",
    ]
