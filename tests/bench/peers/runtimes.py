"""The runtimes. Each class opens the model and returns a function from pictures to logits; importing a runtime is left to the process
that measures it, so one that is not installed is only missing from the tables."""

import importlib.util
import os
import subprocess
from typing import Callable, Dict, Optional

import numpy as np

from . import checkpoint, vit_cpp

Forward = Callable[[np.ndarray], np.ndarray]
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


class Files:
    """Where the model lies in each runtime's format; made when first needed."""

    def __init__(self, model: str) -> None:
        self.model = model  # .safetensors

    def _made(self, ending: str, make: Callable[[str], None]) -> str:
        path = os.path.splitext(self.model)[0] + ending
        if not os.path.exists(path) or os.path.getmtime(path) < os.path.getmtime(self.model):
            make(path + ".new")
            os.replace(path + ".new", path)
        return path

    def vit(self, precision: str) -> str:
        def make(path: str) -> None:
            words = [os.path.join(ROOT, "build", "vit"), "convert", self.model, path, "--quiet", "--precision", precision]
            subprocess.run([*words, "--set", f"heads={checkpoint.heads_of(self.model)}"], stdout=subprocess.DEVNULL, check=True)

        return self._made(f".{precision}.vit", make)

    def ggml(self) -> str:
        return self._made(".ggml", lambda path: vit_cpp.write(path, checkpoint.read(self.model)))

    def ggml_q8_0(self) -> str:
        return self._made(".q8_0.ggml", lambda path: vit_cpp.quantise(self.ggml(), path))

    def onnx(self, fused: bool) -> str:
        def make(path: str) -> None:
            import onnx

            from .onnx_graph import build

            onnx.save(build(checkpoint.read(self.model), fused), path)

        return self._made(".fused.onnx" if fused else ".onnx", make)

    def onnx_int8(self, fused: bool) -> str:
        def make(path: str) -> None:
            from onnxruntime.quantization import QuantType, quantize_dynamic

            quantize_dynamic(self.onnx(fused), path, weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul"])

        return self._made(".fused.int8.onnx" if fused else ".int8.onnx", make)

    def openvino_int8(self) -> str:
        """An .xml, with a .bin of the same name beside it."""
        path = os.path.splitext(self.model)[0] + ".int8.xml"
        if not os.path.exists(path) or os.path.getmtime(path) < os.path.getmtime(self.model):
            import nncf
            import openvino

            model = openvino.Core().read_model(self.onnx(fused=False))
            model = nncf.compress_weights(model, mode=nncf.CompressWeightsMode.INT8_SYM)
            openvino.save_model(model, path, compress_to_fp16=False)
        return path


class Runtime:
    precision = "f32"
    title = ""
    takes_batches = True
    gives_ranks = False  # of the classes, instead of logits

    def version(self) -> str:
        """Of the package; ImportError when it is not there."""
        raise NotImplementedError

    def open(self, files: Files, threads: int, batch: int) -> Forward:
        raise NotImplementedError

    def seconds(self) -> Optional[float]:
        """Of the last forward, where the runtime says so itself."""
        return None


class Vit(Runtime):
    def __init__(self, precision: str, isa: str = "best") -> None:
        self.precision, self.isa = precision, isa
        self.title = f"libvit {precision}" + ("" if isa == "best" else f", {isa}")

    def version(self) -> str:
        import vit
        from vit import _api

        if not hasattr(_api, f"PRECISION_{self.precision.upper()}"):
            raise ImportError(f"this library knows no {self.precision}")
        return vit.__version__

    def open(self, files: Files, threads: int, batch: int) -> Forward:
        import vit

        return vit.Model(files.vit(self.precision), threads=threads, max_batch=batch, isa=self.isa).logits


class OnnxRuntime(Runtime):
    def __init__(self, precision: str) -> None:
        self.precision = precision
        self.title = f"ONNX Runtime {precision}" + (" dynamic" if precision == "int8" else "")

    def version(self) -> str:
        import onnx  # noqa: F401, to write the model
        import onnxruntime

        return onnxruntime.__version__

    def open(self, files: Files, threads: int, batch: int) -> Forward:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        path = files.onnx_int8(fused=True) if self.precision == "int8" else files.onnx(fused=True)
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        return lambda pictures: session.run(None, {"input": pictures})[0]


class Torch(Runtime):
    def __init__(self, precision: str) -> None:
        self.precision = precision
        self.title = f"PyTorch {precision}" + (" dynamic" if precision == "int8" else "")

    def version(self) -> str:
        import torch

        if self.precision == "int8":
            from torch.ao.quantization import quantize_dynamic  # noqa: F401, gone from later versions
        return torch.__version__

    def open(self, files: Files, threads: int, batch: int) -> Forward:
        import torch

        from .torch_model import Vit as TorchVit

        torch.set_num_threads(threads)
        model = TorchVit(checkpoint.read(files.model))
        kind = torch.float32
        if self.precision == "bf16":
            kind = torch.bfloat16
            model = model.to(kind)
        if self.precision == "int8":
            model = torch.ao.quantization.quantize_dynamic(model, {torch.nn.Linear}, dtype=torch.qint8)

        def forward(pictures: np.ndarray) -> np.ndarray:
            with torch.inference_mode():
                return model(torch.from_numpy(pictures).to(kind)).float().numpy()

        return forward


class OpenVino(Runtime):
    """int8: weights compressed by NNCF, activations quantised dynamically by the CPU plugin."""

    def __init__(self, precision: str) -> None:
        self.precision = precision
        self.title = f"OpenVINO {precision}" + (" dynamic" if precision == "int8" else "")

    def version(self) -> str:
        import onnx  # noqa: F401, to write the model
        import openvino

        if self.precision == "int8" and importlib.util.find_spec("nncf") is None:
            raise ImportError("nncf is not installed, which makes the int8 model")
        return openvino.__version__.split("-")[0]

    def open(self, files: Files, threads: int, batch: int) -> Forward:
        import openvino

        core = openvino.Core()
        model = core.read_model(files.openvino_int8() if self.precision == "int8" else files.onnx(fused=False))
        model.reshape({"input": [batch, *model.input(0).partial_shape[1:]]})
        settings: Dict[str, object] = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY"}
        settings["INFERENCE_PRECISION_HINT"] = "f32"
        if self.precision == "int8":
            settings["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = "192"  # divides every width
        request = core.compile_model(model, "CPU", settings).create_infer_request()
        return lambda pictures: request.infer({"input": pictures})[0].copy()


class VitCpp(Runtime):
    takes_batches = False
    gives_ranks = True

    def __init__(self, precision: str) -> None:
        self.precision = precision
        self.title = "vit.cpp " + ("q8_0" if precision == "int8" else precision)
        self.process: Optional[vit_cpp.Process] = None

    def version(self) -> str:
        vit_cpp.program()
        return "(ggml)"

    def open(self, files: Files, threads: int, batch: int) -> Forward:
        self.process = vit_cpp.Process(files.ggml_q8_0() if self.precision == "int8" else files.ggml(), threads)
        return self.process.ranks

    def seconds(self) -> Optional[float]:
        return self.process.seconds() if self.process else None


RUNTIMES: Dict[str, Runtime] = {
    "vit-f32": Vit("f32"),
    "vit-bf16": Vit("bf16"),
    "vit-int8": Vit("int8"),
    "ort-f32": OnnxRuntime("f32"),
    "ort-int8": OnnxRuntime("int8"),
    "torch-f32": Torch("f32"),
    "torch-bf16": Torch("bf16"),
    "torch-int8": Torch("int8"),
    "openvino-f32": OpenVino("f32"),
    "openvino-int8": OpenVino("int8"),
    "vit.cpp-f32": VitCpp("f32"),
    "vit.cpp-q8_0": VitCpp("int8"),
}
