"""Top-1 accuracy of a model on a folder of pictures sorted by class (class_name/picture.jpg), measured by this library.

    make && pip install ./bindings/python pillow numpy
    python3 examples/cifar10/accuracy.py examples/cifar10/cifar10.vit CIFAR-10-images/test
"""

import argparse
import os

import vit
from PIL import Image


def pictures(folder):
    for name in sorted(os.listdir(folder)):
        for file in sorted(os.listdir(os.path.join(folder, name))):
            yield name, os.path.join(folder, name, file)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("folder")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--isa", default=None)
    args = parser.parse_args()
    right = total = 0
    with vit.Model(args.model, max_batch=args.batch, isa=args.isa) as model:
        batch = []
        for sample in [*pictures(args.folder), None]:
            if sample is not None:
                batch.append(sample)
            if batch and (sample is None or len(batch) == args.batch):
                images = [Image.open(path).convert("RGB") for _, path in batch]
                for (name, _), best in zip(batch, model.classify(images, top=1)):
                    right += best[0][0] == name
                    total += 1
                batch = []
    print(f"{right} of {total} right: {100 * right / total:.2f} %")


if __name__ == "__main__":
    main()
