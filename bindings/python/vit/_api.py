"""Every function, struct and number of vit.h for ctypes: a mirror, nothing more. tests/test_python.py compares it with the header.

Numbers keep their names without the VIT_: `_api.OPT_THREADS`.
"""

import ctypes
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_double, c_float, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

from . import _library

OK = 0

ERROR_ARGUMENT = -1
ERROR_MEMORY = -2
ERROR_IO = -3
ERROR_FORMAT = -4
ERROR_CORRUPT = -5
ERROR_UNSUPPORTED = -6
ERROR_LIMIT = -7
ERROR_BUFFER = -8
ERROR_STATE = -9
ERROR_CANCELLED = -10
ERROR_MODEL = -11
ERROR_INTERNAL = -99

LOG_WARNING = 1
LOG_INFO = 2

OPT_THREADS = 1
OPT_ISA = 2
OPT_PRECISION = 3
OPT_MAX_BATCH = 4
OPT_IMAGE_WIDTH = 5
OPT_IMAGE_HEIGHT = 6
OPT_MAX_IMAGE_SIDE = 7
OPT_MAP = 8
OPT_IN_PLACE = 9
OPT_NORMALIZE = 10
OPT_ACTIVATION = 11
OPT_POOL = 12
OPT_HEADS = 13
OPT_RESIZE = 14
OPT_FILTER = 15
OPT_POSITION = 16
OPT_MAX_MEMORY = 17
OPT_OUTPUTS = 18
OPT_PASSES = 19
OPT_TEXT = 20
OPT_TEXT_HEADS = 21

FROM_MODEL = -1

OPT_EPS = 100
OPT_CROP = 101
OPT_CONFIG_JSON = 200
OPT_PREPROCESSOR_JSON = 201
OPT_TOKENIZER = 202
OPT_MEAN = 300
OPT_STD = 301

ISA_BEST = 0
ISA_REFERENCE = 1
ISA_AVX2 = 2
ISA_AVX512 = 3
ISA_NEON = 4

PRECISION_AUTO = 0
PRECISION_F32 = 1
PRECISION_BF16 = 2
PRECISION_INT8 = 3

ACT_GELU = 0
ACT_GELU_TANH = 1
ACT_QUICK_GELU = 2
ACT_RELU = 3
ACT_SILU = 4

POOL_TOKEN = 0
POOL_MEAN = 1
POOL_MAX = 2
POOL_MEAN_MAX = 3
POOL_ATTENTION = 4
POOL_TOKEN_MEAN = 5

RESIZE_NONE = 0
RESIZE_SQUASH = 1
RESIZE_SHORTEST = 2
RESIZE_PAD = 3

FILTER_NEAREST = 0
FILTER_LANCZOS = 1
FILTER_BILINEAR = 2
FILTER_BICUBIC = 3
FILTER_BOX = 4
FILTER_HAMMING = 5
FILTER_TF_BILINEAR = 6

PASSES_HORIZONTAL_FIRST = 0
PASSES_PILLOW_13 = 1

POSITION_BICUBIC_ANTIALIAS = 0
POSITION_BICUBIC = 1
POSITION_BILINEAR = 2
POSITION_BICUBIC_OFFSET = 3
POSITION_ZOOM = 4

PIXELS_RGB8 = 1
PIXELS_BGR8 = 2
PIXELS_RGBA8 = 3
PIXELS_BGRA8 = 4
PIXELS_GRAY8 = 5
PIXELS_F32 = 6

FLIP_HORIZONTAL = 1
FLIP_VERTICAL = 2

OUTPUT_LOGITS = 1
OUTPUT_EMBEDDING = 2
OUTPUT_TOKENS = 3
OUTPUT_HIDDEN = 4

INFO_OUTPUTS = 1
INFO_CLASSES = 2
INFO_EMBEDDING = 3
INFO_WIDTH = 4
INFO_DEPTH = 5
INFO_HEADS = 6
INFO_HEAD_DIM = 7
INFO_MLP = 8
INFO_CHANNELS = 9
INFO_IMAGE_WIDTH = 10
INFO_IMAGE_HEIGHT = 11
INFO_PATCH_WIDTH = 12
INFO_PATCH_HEIGHT = 13
INFO_TOKENS = 14
INFO_PREFIX = 15
INFO_ACTIVATION = 16
INFO_POOL = 17
INFO_PARAMETERS = 18
INFO_WEIGHT_BYTES = 19
INFO_OWNED_BYTES = 20
INFO_MAX_BATCH = 21
INFO_THREADS = 22
INFO_LABELS = 23
INFO_ISA = 24
INFO_PRECISION = 25
INFO_IN_PLACE = 26
INFO_UNITS = 27
INFO_TRAINED_WIDTH = 28
INFO_TRAINED_HEIGHT = 29
INFO_MACS = 30
INFO_TEXT_CONTEXT = 31
INFO_VOCABULARY = 32
INFO_TEXT_WIDTH = 33
INFO_TEXT_DEPTH = 34
INFO_TEXT_HEADS = 35
INFO_TOKENIZER = 36
INFO_SIGMOID = 37
INFO_POSITION = 38

TEXT_ARCHITECTURE = 1
TEXT_FAMILY = 2
TEXT_FORMAT = 3
TEXT_ISA = 4
TEXT_PRECISION = 5
TEXT_PIPELINE = 6
TEXT_NOTES = 7
TEXT_SOURCES = 8
TEXT_PRODUCTS = 9

REAL_EPS = 1
REAL_MEAN = 2
REAL_STD = 3
REAL_LOGIT_SCALE = 4
REAL_LOGIT_BIAS = 5


class Image(ctypes.Structure):
    """vit_image."""

    _fields_ = [
        ("planes", c_void_p * 3),
        ("strides", c_int64 * 3),
        ("format", c_int32),
        ("width", c_int32),
        ("height", c_int32),
        ("flip", c_int32),
        ("region_x", c_int32),
        ("region_y", c_int32),
        ("region_width", c_int32),
        ("region_height", c_int32),
        ("reserved", c_int32 * 8),
    ]


alloc_fn = CFUNCTYPE(c_void_p, c_void_p, c_size_t, c_size_t)
free_fn = CFUNCTYPE(None, c_void_p, c_void_p, c_size_t)
read_fn = CFUNCTYPE(c_int32, c_void_p, c_uint64, c_void_p, c_size_t)
write_fn = CFUNCTYPE(c_int32, c_void_p, c_void_p, c_size_t)
parallel_for_fn = CFUNCTYPE(None, c_void_p, c_uint32, c_void_p, c_void_p)
log_fn = CFUNCTYPE(None, c_void_p, c_int32, c_char_p)
progress_fn = CFUNCTYPE(c_int32, c_void_p, c_uint64, c_uint64)
profile_fn = CFUNCTYPE(None, c_void_p, c_char_p, c_uint64)

context = c_void_p
options = c_void_p
#: const float *: an address, so that an array's integer address passes without a detour
floats = c_void_p

#: name: (result, [arguments])
FUNCTIONS = {
    "vit_status_text": (c_char_p, [c_int32]),
    "vit_version": (c_int32, []),
    "vit_version_text": (c_char_p, []),
    "vit_build_text": (c_char_p, []),
    "vit_options_create": (options, []),
    "vit_options_free": (None, [options]),
    "vit_options_size": (c_size_t, []),
    "vit_options_init": (options, [c_void_p, c_size_t]),
    "vit_options_set_int": (c_int32, [options, c_int32, c_int64]),
    "vit_options_get_int": (c_int32, [options, c_int32, POINTER(c_int64)]),
    "vit_options_set_real": (c_int32, [options, c_int32, c_double]),
    "vit_options_set_text": (c_int32, [options, c_int32, c_char_p]),
    "vit_options_set_tokenizer": (c_int32, [options, c_void_p, c_size_t]),
    "vit_options_set_vector": (c_int32, [options, c_int32, floats, c_int32]),
    "vit_options_set_allocator": (c_int32, [options, alloc_fn, free_fn, c_void_p]),
    "vit_options_set_memory": (c_int32, [options, c_void_p, c_size_t]),
    "vit_options_set_log": (c_int32, [options, log_fn, c_void_p]),
    "vit_options_set_progress": (c_int32, [options, progress_fn, c_void_p]),
    "vit_options_set_profile": (c_int32, [options, profile_fn, c_void_p]),
    "vit_options_set_parallel_for": (c_int32, [options, parallel_for_fn, c_void_p]),
    "vit_load": (c_int32, [POINTER(context), c_char_p, options, c_char_p, c_size_t]),
    "vit_load_memory": (c_int32, [POINTER(context), c_void_p, c_size_t, options, c_char_p, c_size_t]),
    "vit_load_reader": (c_int32, [POINTER(context), read_fn, c_void_p, c_uint64, options, c_char_p, c_size_t]),
    "vit_plan": (c_int32, [c_void_p, c_size_t, options, POINTER(c_uint64), c_char_p, c_size_t]),
    "vit_clone": (c_int32, [POINTER(context), context, options, c_char_p, c_size_t]),
    "vit_free": (None, [context]),
    "vit_message": (c_char_p, [context]),
    "vit_preprocess": (c_int32, [context, POINTER(Image), floats, c_size_t]),
    "vit_forward": (c_int32, [context, POINTER(Image), c_int32, floats, c_size_t]),
    "vit_begin": (c_int32, [context, POINTER(Image), c_int32]),
    "vit_step": (c_int32, [context, c_int32, POINTER(c_int32)]),
    "vit_end": (c_int32, [context, floats, c_size_t]),
    "vit_request": (c_int32, [context, c_int32, c_int32]),
    "vit_output": (c_int32, [context, c_int32, c_int32, POINTER(POINTER(c_float)), POINTER(c_int64), POINTER(c_int32)]),
    "vit_set_input_size": (c_int32, [context, c_int32, c_int32]),
    "vit_text": (c_int32, [context, POINTER(c_char_p), c_int32, floats, c_size_t]),
    "vit_text_tokens": (c_int32, [context, c_char_p, POINTER(c_int32), c_size_t, POINTER(c_int32)]),
    "vit_text_ids": (c_int32, [context, POINTER(c_int32), c_int32, floats, c_size_t]),
    "vit_similarity": (c_int32, [context, floats, c_int32, floats, c_int32, floats, c_size_t]),
    "vit_zeroshot": (c_int32, [context, floats, c_int32, floats, c_int32, floats, c_size_t]),
    "vit_softmax": (c_int32, [floats, c_int32, floats]),
    "vit_top": (c_int32, [floats, c_int32, c_int32, POINTER(c_int32)]),
    "vit_info_int": (c_int32, [context, c_int32, POINTER(c_int64)]),
    "vit_info_text": (c_char_p, [context, c_int32]),
    "vit_info_real": (c_int32, [context, c_int32, c_int32, POINTER(c_double)]),
    "vit_label": (c_char_p, [context, c_int32]),
    "vit_isa_best": (c_int32, []),
    "vit_isa_text": (c_char_p, [c_int32]),
    "vit_isa_available": (c_int32, [c_int32]),
    "vit_save": (c_int32, [context, c_char_p, POINTER(c_char_p), c_int32]),
    "vit_save_writer": (c_int32, [context, write_fn, c_void_p, POINTER(c_char_p), c_int32]),
}

library = _library.load()
for _name, (_result, _arguments) in FUNCTIONS.items():
    _function = getattr(library, _name)
    _function.restype = _result
    _function.argtypes = _arguments
