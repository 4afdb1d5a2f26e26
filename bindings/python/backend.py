"""PEP 517 build backend of the Python package, standard library only.

A wheel holds the package and the C library, which is built with make and the system's C compiler from the source tree around
this folder (in an sdist: from the copy in libvit/). It works with every Python 3.8 or later on its platform.
"""

import base64
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sysconfig
import tarfile
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
PACKAGE = HERE / "vit"
NAME = "libvit"
C_SOURCES = ("Makefile", "LICENSE", "include", "src")


def source_tree():
    """The C library's sources: around this folder, or inside an unpacked sdist."""
    for folder in (HERE / "libvit", HERE.parent.parent):
        if (folder / "include" / "vit.h").exists():
            return folder
    raise RuntimeError("the sources of the C library are not here: build from the source tree or from an sdist")


def version():
    return re.search(r'__version__ = "(.*)"', (PACKAGE / "__init__.py").read_text()).group(1)


def metadata():
    return f"""Metadata-Version: 2.1
Name: {NAME}
Version: {version()}
Summary: Vision Transformer inference on a CPU
License: MIT
Requires-Python: >=3.8
Classifier: License :: OSI Approved :: MIT License
Classifier: Operating System :: POSIX :: Linux
Classifier: Programming Language :: Python :: 3
Classifier: Typing :: Typed
Provides-Extra: pictures
Requires-Dist: numpy ; extra == "pictures"
Requires-Dist: Pillow ; extra == "pictures"

`import vit; vit.Model("model.vit").classify("cat.jpg")`. Reads .vit and .safetensors checkpoints. Needs nothing but Python; with
numpy results are arrays, with Pillow pictures may be any file.
"""


def tag():
    return "py3-none-" + re.sub(r"[-.]", "_", sysconfig.get_platform())


def package_files():
    return sorted(path for path in PACKAGE.iterdir() if path.suffix in (".py", ".typed"))


def build_library(folder):
    """The shared library, built in `folder`."""
    make = os.environ.get("MAKE") or shutil.which("gmake") or shutil.which("make")
    if not make:
        raise RuntimeError("building the C library needs make and a C compiler; a wheel that is already built needs neither")
    environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    environment.setdefault("CFLAGS", "-O2")
    command = [make, "-s", f"-j{os.cpu_count() or 1}", "-C", str(source_tree()), f"BUILD={folder}/build", f"LIB={folder}/lib", "shared"]
    subprocess.run(command, check=True, env=environment)
    return next(path for path in sorted(pathlib.Path(folder, "lib").iterdir()) if not path.is_symlink())


def soname(library):
    """libvit.so.1.0.0 -> libvit.so.1: what _library.py looks for."""
    return re.sub(r"^(libvit\.so\.\d+)\..*$", r"\1", library.name)


class Wheel:
    """A zip with a RECORD. The same sources give the same bytes: dates and modes are fixed."""

    def __init__(self, folder):
        self.name = f"{NAME}-{version()}-{tag()}.whl"
        self.info = f"{NAME}-{version()}.dist-info"
        self.records = []
        self.zip = zipfile.ZipFile(pathlib.Path(folder, self.name), "w", zipfile.ZIP_DEFLATED)

    def add(self, path, data):
        entry = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
        entry.external_attr = 0o100644 << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        self.zip.writestr(entry, data)
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        self.records.append(f"{path},sha256={digest},{len(data)}")

    def close(self):
        self.add(f"{self.info}/METADATA", metadata().encode())
        lines = ["Wheel-Version: 1.0", "Generator: libvit", "Root-Is-Purelib: false", f"Tag: {tag()}", ""]
        self.add(f"{self.info}/WHEEL", "\n".join(lines).encode())
        self.add(f"{self.info}/LICENSE", (source_tree() / "LICENSE").read_bytes())
        self.records.append(f"{self.info}/RECORD,,")
        self.zip.writestr(zipfile.ZipInfo(f"{self.info}/RECORD", (1980, 1, 1, 0, 0, 0)), "\n".join(self.records) + "\n")
        self.zip.close()
        return self.name


# ---- the hooks that pip and build call -------------------------------------------------------------------------------------


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    wheel = Wheel(wheel_directory)
    for path in package_files():
        wheel.add(f"vit/{path.name}", path.read_bytes())
    with tempfile.TemporaryDirectory() as folder:
        library = build_library(folder)
        wheel.add(f"vit/{soname(library)}", library.read_bytes())
    return wheel.close()


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    """The package stays where it is and uses lib/ of the source tree: run make there."""
    wheel = Wheel(wheel_directory)
    wheel.add("libvit.pth", f"{HERE}\n".encode())
    return wheel.close()


def build_sdist(sdist_directory, config_settings=None):
    top = f"{NAME}-{version()}"
    name = f"{top}.tar.gz"
    with tempfile.TemporaryDirectory() as folder, tarfile.open(pathlib.Path(sdist_directory, name), "w:gz") as archive:
        info = pathlib.Path(folder, "PKG-INFO")
        info.write_text(metadata())
        archive.add(info, f"{top}/PKG-INFO")
        for path in [HERE / "backend.py", HERE / "pyproject.toml"]:
            archive.add(path, f"{top}/{path.name}")
        for path in package_files():
            archive.add(path, f"{top}/vit/{path.name}")
        for item in C_SOURCES:
            archive.add(source_tree() / item, f"{top}/libvit/{item}")
    return name
