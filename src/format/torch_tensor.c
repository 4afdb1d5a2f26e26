/* torch_tensor.c: tensors and storages of a PyTorch pickle. See torch.h; torch/_utils.py and torch/serialization.py say what
 * is there. */
#include <string.h>
#include "base/checked.h"
#include "format/torch_parts.h"

static const struct {
    char name[24];
    vi_dtype dtype;
    size_t size;
} storages[] = {
    {"FloatStorage", VI_DT_F32, 4},           {"HalfStorage", VI_DT_F16, 2},            {"BFloat16Storage", VI_DT_BF16, 2},
    {"DoubleStorage", VI_DT_F64, 8},          {"LongStorage", VI_DT_I64, 8},            {"IntStorage", VI_DT_I32, 4},
    {"ShortStorage", VI_DT_I16, 2},           {"CharStorage", VI_DT_I8, 1},             {"ByteStorage", VI_DT_U8, 1},
    {"BoolStorage", VI_DT_BOOL, 1},           {"ComplexFloatStorage", VI_DT_OTHER, 8},  {"ComplexDoubleStorage", VI_DT_OTHER, 16},
    {"QInt8Storage", VI_DT_OTHER, 1},         {"QUInt8Storage", VI_DT_OTHER, 1},        {"QInt32Storage", VI_DT_OTHER, 4},
    {"UntypedStorage", VI_DT_OTHER, 1}, /* of types without a storage class: 8-bit floats and the like */
};

static const vi_pickle_value *value_of(const vi_pickle *p, uint32_t number) { return &p->values[number]; }

static bool is_kind(const vi_pickle_value *v, vi_pickle_kind kind) { return v != NULL && v->kind == (uint32_t)kind; }

/* A count or a position. */
static bool read_size(const vi_pickle_value *v, uint64_t *size) {
    if (!is_kind(v, VI_PICKLE_INT) || v->of.integer < 0) return false;
    *size = (uint64_t)v->of.integer;
    return true;
}

static int32_t bad_storage(const vi_pickle *p, const char *problem, vi_error *e) {
    return vi_fail(e, VIT_ERROR_CORRUPT, "%s: pickle: a storage %s", p->file, problem);
}

/* ---- storages ----------------------------------------------------------------------------------------------------------- */

static void read_class(const vi_pickle *p, const vi_pickle_value *class, vi_torch_storage *s) {
    const vi_pickle_value *name = value_of(p, class->of.call.arguments);
    s->dtype = VI_DT_OTHER;
    s->size = 0;
    for (size_t i = 0; i < sizeof storages / sizeof *storages; i++) {
        if (!vi_pickle_is(p, name, storages[i].name)) continue;
        s->dtype = storages[i].dtype;
        s->size = storages[i].size;
    }
}

bool vi_torch_is_storage(const vi_pickle *p, const vi_pickle_value *v) {
    if (!is_kind(v, VI_PICKLE_STORED)) return false;
    const vi_pickle_value *tag = vi_pickle_item_at(p, value_of(p, v->of.call.arguments), 0);
    return tag != NULL && vi_pickle_is(p, tag, "storage");
}

/* ('storage', class, key, device, elements) and, in legacy files, (key of the view, skip, elements) or None. */
int32_t vi_torch_storage_read(const vi_pickle *p, const vi_pickle_value *v, vi_torch_storage *s, uint64_t *skip, vi_error *e) {
    const vi_pickle_value *id = value_of(p, v->of.call.arguments);
    const vi_pickle_value *class = vi_pickle_item_at(p, id, 1), *view = vi_pickle_item_at(p, id, 5);
    *s = (vi_torch_storage){.key = vi_pickle_item_at(p, id, 2)};
    *skip = 0;
    if (!is_kind(class, VI_PICKLE_GLOBAL)) return bad_storage(p, "has no class", e);
    if (!is_kind(s->key, VI_PICKLE_TEXT)) return bad_storage(p, "has no key", e);
    if (!read_size(vi_pickle_item_at(p, id, 4), &s->elements)) return bad_storage(p, "has no number of elements", e);
    read_class(p, class, s);
    if (!is_kind(view, VI_PICKLE_TUPLE)) return VIT_OK;
    uint64_t elements;
    if (!read_size(vi_pickle_item_at(p, view, 1), skip) || !read_size(vi_pickle_item_at(p, view, 2), &elements) ||
        !vi_range_fits(*skip, elements, s->elements)) {
        return bad_storage(p, "is a view that reaches beyond the whole", e);
    }
    return VIT_OK;
}

/* ---- tensors ------------------------------------------------------------------------------------------------------------ */

typedef struct rebuild { /* a call of one of the functions that make tensors */
    const vi_pickle_value *function, *arguments;
} rebuild;

static bool is_rebuild(const vi_pickle *p, const vi_pickle_value *function) {
    return vi_pickle_is_global(p, function, "torch._utils", "_rebuild_tensor_v2") ||
           vi_pickle_is_global(p, function, "torch._utils", "_rebuild_tensor_v3") ||
           vi_pickle_is_global(p, function, "torch._utils", "_rebuild_tensor");
}

/* Looks through parameters and subclasses, which are calls with the tensor among their arguments. */
static bool find_rebuild(const vi_pickle *p, const vi_pickle_value *v, rebuild *call) {
    if (!is_kind(v, VI_PICKLE_CALL)) return false;
    *call = (rebuild){value_of(p, v->of.call.function), value_of(p, v->of.call.arguments)};
    for (int wrappers = 0; wrappers < 8; wrappers++) {
        if (is_rebuild(p, call->function)) return true;
        bool parameter = vi_pickle_is_global(p, call->function, "torch._utils", "_rebuild_parameter") ||
                         vi_pickle_is_global(p, call->function, "torch._utils", "_rebuild_parameter_with_state");
        const vi_pickle_value *first = vi_pickle_item_at(p, call->arguments, 0);
        if (parameter && is_kind(first, VI_PICKLE_CALL)) {
            *call = (rebuild){value_of(p, first->of.call.function), value_of(p, first->of.call.arguments)};
        } else if (vi_pickle_is_global(p, call->function, "torch._tensor", "_rebuild_from_type_v2")) {
            *call = (rebuild){first, vi_pickle_item_at(p, call->arguments, 2)};
            if (call->function == NULL || !is_kind(call->arguments, VI_PICKLE_TUPLE)) return false;
        } else {
            return false;
        }
    }
    return false;
}

bool vi_torch_is_tensor(const vi_pickle *p, const vi_pickle_value *v) {
    rebuild call;
    return find_rebuild(p, v, &call);
}

typedef struct place { /* a tensor, for messages */
    const vi_pickle *pickle;
    const char *name;
    size_t length;
    vi_error *error;
} place;

static int32_t bad_tensor(const place *at, int32_t code, const char *problem) {
    char text[128];
    return vi_fail(at->error, code, "%s: tensor '%s': %s", at->pickle->file,
                   vi_printable(text, sizeof text, at->name, at->length), problem);
}

/* Tuples of sizes and of strides. */
static int32_t read_shape(const place *at, const rebuild *call, vi_tensor *t, uint64_t *stride) {
    const vi_pickle *p = at->pickle;
    const vi_pickle_value *sizes = vi_pickle_item_at(p, call->arguments, 2), *strides = vi_pickle_item_at(p, call->arguments, 3);
    if (is_kind(sizes, VI_PICKLE_CALL)) sizes = vi_pickle_item_at(p, value_of(p, sizes->of.call.arguments), 0); /* torch.Size */
    if (!is_kind(sizes, VI_PICKLE_TUPLE) || !is_kind(strides, VI_PICKLE_TUPLE) || sizes->count != strides->count) {
        return bad_tensor(at, VIT_ERROR_CORRUPT, "its shape or strides are no tuples of one length");
    }
    if (sizes->count > VI_MAX_RANK) return bad_tensor(at, VIT_ERROR_LIMIT, "more than 6 dimensions");
    t->rank = sizes->count;
    for (uint32_t i = 0; i < t->rank; i++) {
        if (!read_size(vi_pickle_item_at(p, sizes, i), &t->shape[i]) ||
            !read_size(vi_pickle_item_at(p, strides, i), &stride[i])) {
            return bad_tensor(at, VIT_ERROR_CORRUPT, "its shape or strides are not of numbers from 0 on");
        }
        if (t->shape[i] > VI_MAX_DIM) return bad_tensor(at, VIT_ERROR_LIMIT, "a dimension exceeds 2147483647");
    }
    return VIT_OK;
}

/* (storage, offset, shape, strides, ...): the elements must lie in the storage. */
int32_t vi_torch_tensor_read(const vi_pickle *p, const vi_pickle_value *v, const char *name, size_t length, vi_torch_tensor *t,
                             vi_error *e) {
    place at = {p, name, length, e};
    rebuild call = {0};
    uint64_t stride[VI_MAX_RANK] = {0}, first, skip, extent, end;
    *t = (vi_torch_tensor){0};
    if (!find_rebuild(p, v, &call)) return bad_tensor(&at, VIT_ERROR_CORRUPT, "it is no tensor");
    const vi_pickle_value *storage = vi_pickle_item_at(p, call.arguments, 0);
    if (!vi_torch_is_storage(p, storage)) return bad_tensor(&at, VIT_ERROR_CORRUPT, "it has no storage");
    int32_t status = vi_torch_storage_read(p, storage, &t->storage, &skip, e);
    if (status == VIT_OK) status = read_shape(&at, &call, &t->tensor, stride);
    if (status != VIT_OK) return status;
    if (!read_size(vi_pickle_item_at(p, call.arguments, 1), &first) || !vi_build_strides(&t->tensor, stride, &extent) ||
        !vi_add_u64(first, skip, &first) || !vi_add_u64(first, extent, &end) || (extent > 0 && end > t->storage.elements)) {
        return bad_tensor(&at, VIT_ERROR_CORRUPT, "it reaches beyond its storage");
    }
    t->tensor.dtype = t->storage.dtype;
    uint64_t bytes;
    if (!vi_mul_u64(t->storage.elements, t->storage.size, &bytes)) {
        return bad_tensor(&at, VIT_ERROR_CORRUPT, "the size of its storage overflows");
    }
    if (extent == 0) first = 0;
    t->tensor.offset = first * t->storage.size; /* at most `bytes` */
    t->tensor.bytes = extent * t->storage.size;
    return VIT_OK;
}
