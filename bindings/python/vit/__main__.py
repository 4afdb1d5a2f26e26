"""python -m vit MODEL PICTURE...: the best classes of each picture."""

import argparse
import logging
import sys
from typing import List, Optional

from . import Error, Model, build_info, library_version


def main(arguments: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m vit", description="Classifies pictures with a Vision Transformer.")
    parser.add_argument("model", help=".vit or .safetensors file, or a folder with one")
    parser.add_argument("pictures", nargs="*", help="files: .ppm and .pgm, with Pillow any format; none: describe the model")
    parser.add_argument("--top", type=int, default=5, metavar="N", help="how many classes (5)")
    parser.add_argument("--threads", type=int, default=1, metavar="N")
    parser.add_argument("--embed", action="store_true", help="print the embedding instead of classes")
    parser.add_argument("--version", action="version", version=f"libvit {library_version()} ({build_info()})")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(format="vit: %(message)s")
    try:
        with Model(chosen.model, threads=chosen.threads) as model:
            if not chosen.pictures:
                for name, value in vars(model.info).items():
                    print(f"{name:15} {value}")
            for picture in chosen.pictures:
                if chosen.embed:
                    print(picture, *(f"{number:.6g}" for number in model.embed(picture)))
                    continue
                if len(chosen.pictures) > 1:
                    print(f"{picture}:")
                for label, probability in model.classify(picture, top=chosen.top):
                    print(f"{probability:7.2%}  {label}")
    except (Error, OSError, ValueError, ImportError) as error:
        print(f"vit: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
