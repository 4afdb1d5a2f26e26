/* vit.h: Vision Transformer inference on a CPU. This header is the manual; no other page is needed.
 *
 * The simplest program:
 *
 *     vit_context *vit = NULL;
 *     char why[256];
 *     if (vit_load(&vit, "model.vit", NULL, why, sizeof why) != VIT_OK) { puts(why); return 1; }
 *     vit_image image = {0};
 *     image.format = VIT_PIXELS_RGB8;
 *     image.width = 640;
 *     image.height = 480;
 *     image.planes[0] = pixels;
 *     float logits[1000];
 *     int32_t status = vit_forward(vit, &image, 1, logits, 1000);
 *     vit_free(vit);
 *
 * Rules that hold everywhere
 *   Status      Functions that can fail return int32_t: VIT_OK (0) or a negative VIT_ERROR_ number. Treat every negative number
 *               as failure: later versions may add some. On failure out-parameters are untouched and nothing needs freeing.
 *   Messages    A failed load writes one sentence (file, tensor, expected, found) into the caller's buffer; for a failed
 *               call on a context vit_message gives it.
 *   Ownership   The library keeps no pointer that it was given, except where a function says so.
 *   Threads     A context or an options object is used by one thread at a time; different ones at the same time are fine.
 *               vit_clone gives a second thread its own context on the same weights. Functions that take neither may be
 *               called from any thread. Callbacks run on the calling thread, except the work given to parallel_for.
 *   Memory      vit_forward, vit_begin, vit_step, vit_end and vit_preprocess allocate nothing. Only vit_load*, vit_plan,
 *               vit_clone, vit_request, vit_set_input_size, vit_save* and vit_options_create do, and for a moment the tokenizer
 *               behind vit_text and vit_text_tokens.
 *   Process     The library never prints, aborts, exits, installs signal handlers, or changes rounding mode, locale,
 *               environment or working directory, and it has no mutable global state.
 *   Results     Bit-identical for any number of threads and any place in a batch, on one machine and instruction set.
 *   Stack       At most 16 KiB on the calling thread.
 *
 * Letters in shapes: B images in the batch, C channels, H x W pixels of the model's input, P patch side, N patches, R prefix
 * tokens (class, distillation, registers), T = R + N tokens, D width, E width of the embedding (D for a plain model), K classes.
 * All tensors are float32, row-major.
 *
 * The model: "An Image Is Worth 16x16 Words" (Dosovitskiy et al. 2021, arXiv:2010.11929), pre-norm encoder. Formulas are those
 * of timm's vision_transformer.py and transformers' modeling_vit.py; docs/model.md gives each with its source. */
#ifndef VIT_H
#define VIT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VIT_VERSION_MAJOR 1
#define VIT_VERSION_MINOR 0
#define VIT_VERSION_PATCH 0

#if defined(_WIN32) && defined(VIT_BUILD_SHARED)
#define VIT_API __declspec(dllexport)
#elif defined(__GNUC__)
#define VIT_API __attribute__((visibility("default")))
#else
#define VIT_API
#endif

/* ---- status codes (pinned) ------------------------------------------------------------------------------------------------- */

#define VIT_OK 0
#define VIT_ERROR_ARGUMENT (-1)     /* NULL, negative, out of range, unknown key */
#define VIT_ERROR_MEMORY (-2)       /* the allocator or the given memory had no more */
#define VIT_ERROR_IO (-3)           /* the file or reader could not be opened or read */
#define VIT_ERROR_FORMAT (-4)       /* not a file format we know */
#define VIT_ERROR_CORRUPT (-5)      /* a known format, but broken: truncated, contradictory, out of range */
#define VIT_ERROR_UNSUPPORTED (-6)  /* well-formed, but something this version cannot do */
#define VIT_ERROR_LIMIT (-7)        /* larger than a built-in or configured cap */
#define VIT_ERROR_BUFFER (-8)       /* the caller's buffer is too small */
#define VIT_ERROR_STATE (-9)        /* calls in the wrong order */
#define VIT_ERROR_CANCELLED (-10)   /* the progress callback asked to stop */
#define VIT_ERROR_MODEL (-11)       /* readable, but not a model we can run: tensor missing, left over or misshaped */
#define VIT_ERROR_INTERNAL (-99)    /* a bug of ours */

/* Short English text of a code; never NULL, also for unknown codes. */
VIT_API const char *vit_status_text(int32_t status);

/* ---- version --------------------------------------------------------------------------------------------------------------- */

VIT_API int32_t vit_version(void);          /* major * 10000 + minor * 100 + patch of the library in use */
VIT_API const char *vit_version_text(void); /* "1.0.0" */
VIT_API const char *vit_build_text(void);   /* compiler, instruction sets compiled in, threads: for bug reports */

/* ---- callbacks ------------------------------------------------------------------------------------------------------------- */

/* Returns `size` bytes aligned to `align` (a power of two, 64 at most), or NULL. Called on the thread that called us. */
typedef void *(*vit_alloc_fn)(void *user, size_t size, size_t align);
typedef void (*vit_free_fn)(void *user, void *block, size_t size);

/* Copies exactly `size` bytes at `offset` of the model file to dst; returns 0, or anything else for failure. */
typedef int32_t (*vit_read_fn)(void *user, uint64_t offset, void *dst, size_t size);

/* Consumes `size` bytes; returns 0, or anything else to stop with VIT_ERROR_IO. */
typedef int32_t (*vit_write_fn)(void *user, const void *data, size_t size);

/* Runs fn(arg, i) once for every i in 0..n-1, on any threads, in any order, and returns when all are done. */
typedef void (*vit_parallel_for_fn)(void *user, uint32_t n, void (*fn)(void *arg, uint32_t i), void *arg);

#define VIT_LOG_WARNING 1 /* something that changes results had to be guessed or looks wrong */
#define VIT_LOG_INFO 2
/* `text` is one finished UTF-8 line without newline, valid during the call. */
typedef void (*vit_log_fn)(void *user, int32_t level, const char *text);

/* Loading and saving: done of total (bytes of weights). Non-zero stops with VIT_ERROR_CANCELLED. */
typedef int32_t (*vit_progress_fn)(void *user, uint64_t done, uint64_t total);

/* Profiling: an operator of a run is done, and did `macs` multiply-accumulates (0 where there is no matrix product) for the
 * pictures computed together. The time since the call before is its own. name NULL: a run begins, or goes on after vit_step
 * returned; what lay before is nobody's. Names are static: "picture" (resizing and normalising), "embedding" (cutting patches and
 * their product), "norm", "qkv", "attention", "proj", "fc1" (with the activation), "gate" (of SwiGLU), "fc2", "copy" (requested
 * outputs), "pool", "head". Of several lanes, each takes some rows from one attention to the next alone, or whole images; such
 * a section is reported as one: "rows" (proj to the next qkv), "images" (norm to attention, or proj to fc2). Later versions may
 * have other names. The context must not be used during the call. */
typedef void (*vit_profile_fn)(void *user, const char *name, uint64_t macs);

/* ---- options --------------------------------------------------------------------------------------------------------------- */

/* Everything that can be chosen about a load or a clone. NULL options are the defaults everywhere. An options object may be
 * changed or freed as soon as the call that used it has returned. */
typedef struct vit_options vit_options;

VIT_API vit_options *vit_options_create(void); /* malloc; NULL when out of memory */
VIT_API void vit_options_free(vit_options *o); /* accepts NULL; also for objects made by vit_options_init (frees nothing) */
VIT_API size_t vit_options_size(void);         /* bytes for vit_options_init */
/* Makes an options object in the caller's memory (aligned for any type); NULL when size is too small. */
VIT_API vit_options *vit_options_init(void *memory, size_t size);

/* Integer options (pinned). Unknown keys and values out of range are refused with VIT_ERROR_ARGUMENT and change nothing. */
#define VIT_OPT_THREADS 1        /* lanes, 1..256; default 1 */
#define VIT_OPT_ISA 2            /* highest instruction set to use, VIT_ISA_*; default VIT_ISA_BEST */
#define VIT_OPT_PRECISION 3      /* of packed weights, VIT_PRECISION_*; default VIT_PRECISION_AUTO */
#define VIT_OPT_MAX_BATCH 4      /* images or texts computed together, 1..4096; default 1. Larger calls run in slices */
#define VIT_OPT_IMAGE_WIDTH 5    /* input width in pixels, a multiple of the patch width; default 0 = as trained */
#define VIT_OPT_IMAGE_HEIGHT 6   /* likewise the height. Other sizes than trained resample the position embedding */
#define VIT_OPT_MAX_IMAGE_SIDE 7 /* longest side of pictures given to vit_forward, 1..65536; default 16384 */
#define VIT_OPT_MAP 8            /* 1: map model files and use weights in place where possible (default); 0: read them. A
                                    mapped file must not be truncated while in use */
#define VIT_OPT_IN_PLACE 9       /* vit_load_memory: 1 = data outlives all contexts and clones and may be used in place;
                                    0 = data is copied (default) */
#define VIT_OPT_NORMALIZE 10     /* 1: pooled embedding is divided by its L2 norm; default 0 */
#define VIT_OPT_ACTIVATION 11    /* override: VIT_ACT_*; default VIT_FROM_MODEL */
#define VIT_OPT_POOL 12          /* override: VIT_POOL_*; default VIT_FROM_MODEL */
#define VIT_OPT_HEADS 13         /* override: number of attention heads; default VIT_FROM_MODEL */
#define VIT_OPT_RESIZE 14        /* override: VIT_RESIZE_*; default VIT_FROM_MODEL */
#define VIT_OPT_FILTER 15        /* override: VIT_FILTER_*; default VIT_FROM_MODEL */
#define VIT_OPT_POSITION 16      /* override of position resampling: VIT_POSITION_*; default VIT_FROM_MODEL */
#define VIT_OPT_MAX_MEMORY 17    /* bytes; a load or clone that needs more fails with VIT_ERROR_LIMIT; default 0 = no cap */
#define VIT_OPT_OUTPUTS 18       /* sum of 1 << VIT_OUTPUT_TOKENS and 1 << VIT_OUTPUT_HIDDEN (all of them): requested from the
                                    start, as vit_request does later; default 0 */
#define VIT_OPT_PASSES 19        /* order of the two passes of resizing, VIT_PASSES_*: which Pillow's bits a picture gives;
                                    default VIT_PASSES_HORIZONTAL_FIRST. Not stored by vit_save */
#define VIT_OPT_TEXT 20          /* 1: the text tower of a model that has one is loaded too (default); 0: only the one for
                                    pictures */
#define VIT_OPT_TEXT_HEADS 21    /* override: attention heads of the text tower; default VIT_FROM_MODEL. ACTIVATION and EPS
                                    are for both towers */
#define VIT_FROM_MODEL (-1)
VIT_API int32_t vit_options_set_int(vit_options *o, int32_t key, int64_t value);
VIT_API int32_t vit_options_get_int(const vit_options *o, int32_t key, int64_t *value);

/* Real options (pinned); NaN and values out of range are refused. */
#define VIT_OPT_EPS 100       /* override of LayerNorm's epsilon, 0..1; default -1 = from the model */
#define VIT_OPT_CROP 101      /* override of timm's crop_pct, 0.1..1; default -1 = from the model */
VIT_API int32_t vit_options_set_real(vit_options *o, int32_t key, double value);

/* Text options (pinned). The text is not copied: it must stay valid until the load has returned. NULL unsets. */
#define VIT_OPT_CONFIG_JSON 200       /* config.json, or open_clip_config.json, for a model loaded from memory or a reader (or
                                         instead of the file's). A .vit file says everything itself: not used then, which is
                                         noted */
#define VIT_OPT_PREPROCESSOR_JSON 201 /* preprocessor_config.json, likewise */
#define VIT_OPT_TOKENIZER 202         /* path of the tokenizer's file, for a text tower that comes without one or with another:
                                         tokenizer.json, merges.txt, CLIP's bpe_simple_vocab_16e6.txt(.gz), spiece.model. Default:
                                         whichever of them lies beside the model, or the one inside a .vit file */
VIT_API int32_t vit_options_set_text(vit_options *o, int32_t key, const char *text);

/* The content of such a file in memory, instead of its path. Not copied: it must stay valid until the load has returned. NULL and
 * 0 unset. */
VIT_API int32_t vit_options_set_tokenizer(vit_options *o, const void *data, size_t size);

/* Vectors: per-channel mean and standard deviation, in units of pixel values scaled to 0..1. count is 1, 3 or the model's
 * channel count; std must be positive. */
#define VIT_OPT_MEAN 300
#define VIT_OPT_STD 301
VIT_API int32_t vit_options_set_vector(vit_options *o, int32_t key, const float *values, int32_t count);

/* Hooks, per context. `alloc` and `release` are both given or both NULL (malloc). A clone and its origin may be freed on
 * different threads: the allocator must then be safe for that. */
VIT_API int32_t vit_options_set_allocator(vit_options *o, vit_alloc_fn alloc, vit_free_fn release, void *user);
/* Uses only memory[0..size) and no allocator at all; it must outlive the context. vit_plan says how much. */
VIT_API int32_t vit_options_set_memory(vit_options *o, void *memory, size_t size);
VIT_API int32_t vit_options_set_log(vit_options *o, vit_log_fn log, void *user);
VIT_API int32_t vit_options_set_progress(vit_options *o, vit_progress_fn progress, void *user);
/* Costs nothing when not set. */
VIT_API int32_t vit_options_set_profile(vit_options *o, vit_profile_fn profile, void *user);
/* Work is split for VIT_OPT_THREADS lanes and handed to `fn`; without it the library keeps a small pool of its own, whose
 * threads sleep between forwards, when VIT_OPT_THREADS > 1. */
VIT_API int32_t vit_options_set_parallel_for(vit_options *o, vit_parallel_for_fn fn, void *user);

#define VIT_ISA_BEST 0
#define VIT_ISA_REFERENCE 1 /* plain C */
#define VIT_ISA_AVX2 2      /* x86-64: AVX2 + FMA */
#define VIT_ISA_AVX512 3    /* x86-64: AVX-512 F, BW, VL, DQ */
#define VIT_ISA_NEON 4      /* AArch64 */

#define VIT_PRECISION_AUTO 0 /* as stored in a .vit file; f32 otherwise */
#define VIT_PRECISION_F32 1
#define VIT_PRECISION_BF16 2 /* matrices stored in bfloat16: half the memory. Where the processor has fast dot products for it
                                (AMD from Zen 4 on, ARMv8.6) their inputs are rounded to it as well, those of attention's products
                                too, for up to twice the speed; everything else in float32. Elsewhere all arithmetic is float32.
                                VIT_PRECISION_F32 has that on any machine: of a .vit file of bfloat16, the same numbers, at
                                float32's speed and memory */
#define VIT_PRECISION_INT8 3 /* patch embedding and matrices of the blocks as bytes with a scale per output channel, their inputs
                                rounded to bytes with a step per token; everything else in float32. A quarter of the memory, three
                                times as fast where there are instructions for it; `vit quantize` says how exact it is */

#define VIT_ACT_GELU 0       /* 0.5 x (1 + erf(x / sqrt 2)) */
#define VIT_ACT_GELU_TANH 1  /* 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) */
#define VIT_ACT_QUICK_GELU 2 /* x / (1 + exp(-1.702 x)) */
#define VIT_ACT_RELU 3
#define VIT_ACT_SILU 4       /* x / (1 + exp(-x)) */

#define VIT_POOL_TOKEN 0      /* the class token (distilled DeiT: mean of class and distillation token) */
#define VIT_POOL_MEAN 1       /* mean of the patch tokens */
#define VIT_POOL_MAX 2        /* largest of the patch tokens, channel by channel */
#define VIT_POOL_MEAN_MAX 3   /* (mean + max) / 2 */
#define VIT_POOL_ATTENTION 4  /* a learned query attends to the patch tokens (MAP head, SigLIP) */
#define VIT_POOL_TOKEN_MEAN 5 /* class token and mean of the patch tokens side by side, 2 D wide (DINOv2 classifiers) */

#define VIT_RESIZE_NONE 0     /* the picture must have the input's size already */
#define VIT_RESIZE_SQUASH 1   /* both sides to the resize size, aspect ratio lost, then centre crop */
#define VIT_RESIZE_SHORTEST 2 /* shortest side to the resize size, then centre crop */
#define VIT_RESIZE_PAD 3      /* whole picture fits inside, rest filled with the mean colour */

#define VIT_FILTER_NEAREST 0  /* numbers as in Pillow */
#define VIT_FILTER_LANCZOS 1
#define VIT_FILTER_BILINEAR 2
#define VIT_FILTER_BICUBIC 3
#define VIT_FILTER_BOX 4
#define VIT_FILTER_HAMMING 5
#define VIT_FILTER_TF_BILINEAR 6 /* tf.image.resize: two pixels along each axis whatever the ratio, not rounded to bytes */

/* Each pass rounds to bytes, so their order decides some last bits. */
#define VIT_PASSES_HORIZONTAL_FIRST 0 /* Pillow up to 12.1; 12.2 and 12.3 but for pictures over 100 times as high as wide whose
                                         height shrinks */
#define VIT_PASSES_PILLOW_13 1        /* Pillow 13.0: vertical first where the height shrinks by more than twice as many pixels
                                         as the width does, else horizontal first */

#define VIT_POSITION_BICUBIC_ANTIALIAS 0 /* timm: torch bicubic, antialias, a = -0.5 */
#define VIT_POSITION_BICUBIC 1           /* transformers: torch bicubic, no antialias, a = -0.75 */
#define VIT_POSITION_BILINEAR 2          /* torch bilinear, no antialias */
#define VIT_POSITION_BICUBIC_OFFSET 3    /* DINO, DINOv2: torch bicubic with scale_factor (new + 0.1) / old, a = -0.75 */
#define VIT_POSITION_ZOOM 4              /* Google: linear, corners aligned (scipy.ndimage.zoom, order 1) */

/* ---- loading --------------------------------------------------------------------------------------------------------------- */

/* The model and everything needed to run it once at a time. */
typedef struct vit_context vit_context;

/* Loads a checkpoint: a .vit, .safetensors, .pth or .bin of PyTorch, .npz or .gguf file, an index of shards, or a folder that
 * holds model.vit, model.safetensors, pytorch_model.bin (or an index of one of these), open_clip_model.safetensors,
 * open_clip_pytorch_model.bin, model.gguf or model.npz. config.json, preprocessor_config.json, open_clip_config.json and for a
 * text tower the tokenizer's file (VIT_OPT_TOKENIZER) beside it are read when present; what they leave open is inferred from the
 * tensors, and every guess is logged as a warning. path is UTF-8. error may be NULL with error_size 0; otherwise it receives a
 * NUL-terminated sentence on failure (cut if too long) and is untouched on success.
 * Codes: ARGUMENT, MEMORY, IO, FORMAT, CORRUPT, UNSUPPORTED, LIMIT, MODEL, CANCELLED. */
VIT_API int32_t vit_load(vit_context **out, const char *path, const vit_options *options, char *error, size_t error_size);

/* The same from memory. With VIT_OPT_IN_PLACE a .vit image whose address is a multiple of 64 is used where it lies,
 * read-only (flash, ROM, a resource of the program). */
VIT_API int32_t vit_load_memory(vit_context **out, const void *data, size_t size, const vit_options *options, char *error,
                                size_t error_size);

/* The same through a callback; `size` is the size of the whole model file. read is not called after the return. */
VIT_API int32_t vit_load_reader(vit_context **out, vit_read_fn read, void *user, uint64_t size, const vit_options *options,
                                char *error, size_t error_size);

/* Exact number of bytes that vit_options_set_memory must be given (64-aligned) to load this model with these options. It
 * loads the model once with the options' allocator (or malloc) and frees it again. */
VIT_API int32_t vit_plan(const void *data, size_t size, const vit_options *options, uint64_t *bytes, char *error,
                         size_t error_size);

/* A second context on the same weights, with its own activations, for another thread. Of the options those about threads, ISA,
 * batch, input size, outputs, hooks, memory and normalisation count, the rest is shared; NULL: like `source`. Contexts that share
 * weights may be freed in any order and on any thread. Messages go to error as in vit_load. */
VIT_API int32_t vit_clone(vit_context **out, vit_context *source, const vit_options *options, char *error, size_t error_size);

VIT_API void vit_free(vit_context *vit); /* accepts NULL */

/* The failure of the last call on this context that can fail, in words (a bad picture of a batch is named by its index); "" when
 * it succeeded. Valid until the next such call. */
VIT_API const char *vit_message(const vit_context *vit);

/* ---- pictures -------------------------------------------------------------------------------------------------------------- */

#define VIT_PIXELS_RGB8 1  /* interleaved bytes, row 0 at the top */
#define VIT_PIXELS_BGR8 2
#define VIT_PIXELS_RGBA8 3 /* alpha is ignored */
#define VIT_PIXELS_BGRA8 4
#define VIT_PIXELS_GRAY8 5 /* repeated over three channels */
#define VIT_PIXELS_F32 6   /* already preprocessed: C planes of float32 [H, W] of exactly the model's input size. planes[0]
                              is used when planes[1] is NULL: planes then follow each other without gap (C*H*W floats) */

#define VIT_FLIP_HORIZONTAL 1
#define VIT_FLIP_VERTICAL 2

/* A picture in the caller's memory; read only during vit_forward or vit_begin. Zero it first: zero is every default.
 * This struct is frozen: it never changes size or meaning. */
typedef struct vit_image {
    const void *planes[3];  /* planes[0]: first byte of row 0. Others only for planar formats */
    int64_t strides[3];     /* bytes from a row to the next; 0: rows follow each other; negative: row 0 is the last in memory */
    int32_t format;         /* VIT_PIXELS_* */
    int32_t width, height;  /* of the whole picture, in pixels */
    int32_t flip;           /* VIT_FLIP_*, applied to the region */
    int32_t region_x, region_y, region_width, region_height; /* part to use; all 0: the whole picture */
    int32_t reserved[8];    /* must be 0 */
} vit_image;

/* Model input that vit_forward would compute from the picture: C*H*W floats [C, H, W], resized, cropped, scaled, normalised.
 * uint8 resizing is bit-equal to Pillow's, of the versions that VIT_OPT_PASSES chooses. count: floats in out, at least C*H*W. */
VIT_API int32_t vit_preprocess(vit_context *vit, const vit_image *image, float *out, size_t count);

/* ---- running --------------------------------------------------------------------------------------------------------------- */

/* Runs `batch` pictures. out receives [B, K] logits or, for a model without head, the [B, E] pooled embedding: count must be at
 * least B * VIT_INFO_OUTPUTS floats, else VIT_ERROR_BUFFER and nothing is written. out may be NULL with count 0 when only
 * requested outputs are wanted. batch 0 is VIT_OK and does nothing. A batch above VIT_OPT_MAX_BATCH runs in slices; requested
 * outputs then need batch <= VIT_OPT_MAX_BATCH (else VIT_ERROR_LIMIT).
 * A NaN or infinity in an F32 picture gives NaN for that picture and changes no other. */
VIT_API int32_t vit_forward(vit_context *vit, const vit_image *images, int32_t batch, float *out, size_t count);

/* The same in bounded pieces, for frame loops and watchdogs: vit_begin reads the pictures (batch 1..VIT_OPT_MAX_BATCH), each
 * vit_step runs up to `units` pieces (half a layer or less each) and writes the number of pieces left to *left; when that is 0,
 * vit_end copies the result as vit_forward does. vit_begin at any time starts anew, so cancelling is just not stepping.
 * Other order: VIT_ERROR_STATE. left may be NULL. */
VIT_API int32_t vit_begin(vit_context *vit, const vit_image *images, int32_t batch);
VIT_API int32_t vit_step(vit_context *vit, int32_t units, int32_t *left);
VIT_API int32_t vit_end(vit_context *vit, float *out, size_t count);

/* Further outputs. Ask once (allocates), then fetch after each forward as a view into the context. */
#define VIT_OUTPUT_LOGITS 1    /* [B, K] */
#define VIT_OUTPUT_EMBEDDING 2 /* [B, E], E = VIT_INFO_EMBEDDING: pooled, after the last norm; what the head sees. Divided by its
                                  L2 norm with VIT_OPT_NORMALIZE */
#define VIT_OUTPUT_TOKENS 3    /* [B, T, D]: all tokens after the final norm (as they are where a model has none) */
#define VIT_OUTPUT_HIDDEN 4    /* [B, T, D]: index 0 = embeddings with positions, index i = output of block i, both before the
                                  final norm */
/* LOGITS and EMBEDDING are always there; index is used by HIDDEN only, 0..depth, -1 = all. UNSUPPORTED: logits of a model
 * without head. */
VIT_API int32_t vit_request(vit_context *vit, int32_t output, int32_t index);
/* *data points into the context and is valid until the next call that computes (vit_forward, vit_begin, vit_step) or changes
 * the layout (vit_request, vit_set_input_size). shape has room for 4; *rank of them are set. Not requested, or before a
 * forward: STATE. */
VIT_API int32_t vit_output(vit_context *vit, int32_t output, int32_t index, const float **data, int64_t shape[4], int32_t *rank);

/* Changes the input size (multiples of the patch size): positions are resampled, memory is laid out anew. On failure the old
 * size stays. */
VIT_API int32_t vit_set_input_size(vit_context *vit, int32_t width, int32_t height);

/* Softmax of n logits in place-safe form (in may equal out), and the indices of the k largest, best first (ties: lower index
 * first; NaN last). k <= n. */
VIT_API int32_t vit_softmax(const float *in, int32_t n, float *out);
VIT_API int32_t vit_top(const float *values, int32_t n, int32_t k, int32_t *indices);

/* ---- texts ----------------------------------------------------------------------------------------------------------------- */

/* CLIP and SigLIP: a second tower maps texts to the same space as pictures. Without one (VIT_INFO_TEXT_CONTEXT is 0) the
 * functions of this section return VIT_ERROR_UNSUPPORTED. Zero-shot classification, E = VIT_INFO_EMBEDDING:
 *
 *     const char *texts[2] = {"a photo of a cat", "a photo of a dog"};
 *     float *text = malloc(2 * E * sizeof *text), *picture = malloc(E * sizeof *picture), scores[2];
 *     vit_text(vit, texts, 2, text, 2 * E);
 *     vit_forward(vit, &image, 1, picture, E);
 *     vit_zeroshot(vit, picture, 1, text, 2, scores, 2);
 *
 * Letters: L = VIT_INFO_TEXT_CONTEXT positions of a text, V = VIT_INFO_VOCABULARY. */

/* Embeddings of `count` texts (UTF-8, NUL-terminated) to out [count, E]; capacity: floats in out, at least count * E. Divided by
 * their L2 norm with VIT_OPT_NORMALIZE, as pictures are. A text that is too long is cut as the tokenizer of the model's origin
 * cuts it. VIT_OPT_MAX_BATCH texts are computed together; a stepwise run and the outputs of a forward are not disturbed.
 * Allocates what the tokenizer needs for a moment: less than 64 bytes a byte of text, plus 4 KiB. STATE: the model came without a
 * tokenizer (VIT_OPT_TOKENIZER). */
VIT_API int32_t vit_text(vit_context *vit, const char *const *texts, int32_t count, float *out, size_t capacity);

/* The same from token ids [count, L], whole texts with their end and padding, each 0..V-1. Needs no tokenizer, allocates
 * nothing. */
VIT_API int32_t vit_text_ids(vit_context *vit, const int32_t *ids, int32_t count, float *out, size_t capacity);

/* The L ids of a text, what vit_text would compute. capacity: numbers in ids, at least L. *used (may be NULL) receives how many
 * ids the text has before it is cut or padded: more than L says that it was cut. */
VIT_API int32_t vit_text_tokens(vit_context *vit, const char *text, int32_t *ids, size_t capacity, int32_t *used);

/* Similarity of each picture with each text, out [batch, count]: exp(logit_scale) * cosine + logit_bias, the model's
 * "logits_per_image". pictures [batch, E] and texts [count, E] are embeddings, normalised or not (it makes no difference: this
 * function normalises what it needs). capacity: floats in out, at least batch * count. out must not overlap the others. */
VIT_API int32_t vit_similarity(vit_context *vit, const float *pictures, int32_t batch, const float *texts, int32_t count,
                               float *out, size_t capacity);

/* Scores of zero-shot classification: CLIP's softmax of a picture's similarities over the texts (they sum to 1), or SigLIP's
 * sigmoid of each (the model has a logit_bias; each text is judged for itself). Arguments as in vit_similarity. */
VIT_API int32_t vit_zeroshot(vit_context *vit, const float *pictures, int32_t batch, const float *texts, int32_t count,
                             float *out, size_t capacity);

/* ---- information ----------------------------------------------------------------------------------------------------------- */

#define VIT_INFO_OUTPUTS 1       /* floats per image that vit_forward writes: classes, or width of the embedding */
#define VIT_INFO_CLASSES 2       /* 0: no head */
#define VIT_INFO_EMBEDDING 3     /* width of the pooled embedding */
#define VIT_INFO_WIDTH 4         /* D */
#define VIT_INFO_DEPTH 5
#define VIT_INFO_HEADS 6
#define VIT_INFO_HEAD_DIM 7
#define VIT_INFO_MLP 8           /* hidden width of the MLP */
#define VIT_INFO_CHANNELS 9
#define VIT_INFO_IMAGE_WIDTH 10  /* of this context's input */
#define VIT_INFO_IMAGE_HEIGHT 11
#define VIT_INFO_PATCH_WIDTH 12
#define VIT_INFO_PATCH_HEIGHT 13
#define VIT_INFO_TOKENS 14       /* T */
#define VIT_INFO_PREFIX 15       /* R */
#define VIT_INFO_ACTIVATION 16   /* VIT_ACT_* */
#define VIT_INFO_POOL 17         /* VIT_POOL_* */
#define VIT_INFO_PARAMETERS 18   /* numbers in the checkpoint that are part of the model */
#define VIT_INFO_WEIGHT_BYTES 19 /* packed weights, shared by clones */
#define VIT_INFO_OWNED_BYTES 20  /* allocated for this context and, once, its shared weights; what is used in place counts 0 */
#define VIT_INFO_MAX_BATCH 21
#define VIT_INFO_THREADS 22
#define VIT_INFO_LABELS 23       /* number of labels, 0 or K */
#define VIT_INFO_ISA 24          /* VIT_ISA_* in use */
#define VIT_INFO_PRECISION 25    /* VIT_PRECISION_* of the packed weights */
#define VIT_INFO_IN_PLACE 26     /* 1: matrices are used where the file or memory has them */
#define VIT_INFO_UNITS 27        /* pieces of one stepwise forward */
#define VIT_INFO_TRAINED_WIDTH 28  /* input size of the checkpoint */
#define VIT_INFO_TRAINED_HEIGHT 29
#define VIT_INFO_MACS 30         /* multiply-accumulates per image, as computed: fewer where only the pooled token is wanted of
                                    the last block, more once tokens or its hidden state were requested */
#define VIT_INFO_TEXT_CONTEXT 31 /* L, ids of a text; 0: no text tower (or VIT_OPT_TEXT 0), as for the next four */
#define VIT_INFO_VOCABULARY 32   /* V */
#define VIT_INFO_TEXT_WIDTH 33   /* D of the text tower */
#define VIT_INFO_TEXT_DEPTH 34
#define VIT_INFO_TEXT_HEADS 35
#define VIT_INFO_TOKENIZER 36    /* 1: vit_text has a tokenizer */
#define VIT_INFO_SIGMOID 37      /* 1: vit_zeroshot's scores are a sigmoid, 0: a softmax */
#define VIT_INFO_POSITION 38     /* VIT_POSITION_*: how positions are resampled for another input size */
VIT_API int32_t vit_info_int(const vit_context *vit, int32_t key, int64_t *value);

#define VIT_TEXT_ARCHITECTURE 1 /* name from the checkpoint, or "" */
#define VIT_TEXT_FAMILY 2       /* whose tensor names the file had: "timm", "hf-vit", "vit" */
#define VIT_TEXT_FORMAT 3       /* "safetensors", "vit" */
#define VIT_TEXT_ISA 4          /* "reference", "avx2", "avx512", "neon" */
#define VIT_TEXT_PRECISION 5    /* "f32", "bf16", "int8" */
#define VIT_TEXT_PIPELINE 6     /* the preprocessing, spelt out in one line */
#define VIT_TEXT_NOTES 7        /* what was assumed, one line each with the option that says otherwise; "" when nothing was.
                                   "option heads" is VIT_OPT_HEADS here, heads= in Python, --set heads= of the tool */
#define VIT_TEXT_SOURCES 8      /* what the model was read from: "tensors, config.json" */
#define VIT_TEXT_PRODUCTS 9     /* what multiplies the blocks' matrices: "avx512", "avx512 vdpbf16ps", "neon sdot" */
/* Text owned by the context, valid until it is freed; "" for an unknown key or NULL context. */
VIT_API const char *vit_info_text(const vit_context *vit, int32_t key);

#define VIT_REAL_EPS 1   /* LayerNorm epsilon */
#define VIT_REAL_MEAN 2  /* index: channel */
#define VIT_REAL_STD 3
#define VIT_REAL_LOGIT_SCALE 4 /* of a model with a text tower: factor of the cosine, exp(logit_scale) */
#define VIT_REAL_LOGIT_BIAS 5  /* added to it; 0 when the model has none */
VIT_API int32_t vit_info_real(const vit_context *vit, int32_t key, int32_t index, double *value);

/* Name of a class (UTF-8), "" when the model has no labels or the index is out of range. */
VIT_API const char *vit_label(const vit_context *vit, int32_t index);

/* Best VIT_ISA_* this machine can run, and the name of one ("" when unknown). vit_isa_available: 1 when compiled in and
 * runnable here. */
VIT_API int32_t vit_isa_best(void);
VIT_API const char *vit_isa_text(int32_t isa);
VIT_API int32_t vit_isa_available(int32_t isa);

/* ---- saving ---------------------------------------------------------------------------------------------------------------- */

/* Writes the loaded model as one self-contained .vit file (packed weights in the precision they were loaded with,
 * hyper-parameters, preprocessing, labels; byte layout in docs/format-vit.md). The file is written beside the target and
 * renamed, so a failure leaves no half-written file. `labels` (count of them) replaces the model's own when not NULL; its count
 * must be K. The trained input size and positions are kept, whatever this context's input size is. */
VIT_API int32_t vit_save(vit_context *vit, const char *path, const char *const *labels, int32_t count);
VIT_API int32_t vit_save_writer(vit_context *vit, vit_write_fn write, void *user, const char *const *labels, int32_t count);

#ifdef __cplusplus
}
#endif
#endif
