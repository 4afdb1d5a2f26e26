/* torch_walk.c: where in a PyTorch pickle the weights are, and what they are called. See torch.h. */
#include <stdio.h>
#include <string.h>
#include "format/torch_parts.h"

/* What training programs call the weights, the best first: averaged ones are what the program itself evaluates. */
static const char *const roots[] = {"state_dict_ema", "model_ema", "model",  "module", "state_dict",
                                    "teacher",        "encoder",   "params", "student"};
#define ROOTS (sizeof roots / sizeof *roots)
#define MAX_LEVELS 8 /* of such dictionaries in each other */

/* How the entries of a frame are named. */
enum {
    FLAT,       /* a state dictionary: keys are whole names, what is no tensor does not belong to it */
    ATTRIBUTES, /* tensors and modules by name: attributes of a TorchScript module, modules and parameters of a Python one */
    PYTHON      /* attributes of a Python module: those three below hold its parts */
};

static bool is_python_part(const vi_pickle *p, const vi_pickle_value *key) {
    return vi_pickle_is(p, key, "_parameters") || vi_pickle_is(p, key, "_buffers") || vi_pickle_is(p, key, "_modules");
}

/* The attributes of an object that may be a module; NULL when it has none. */
static const vi_pickle_value *attributes_of(const vi_pickle *p, const vi_pickle_value *v) {
    if (v->kind != VI_PICKLE_CALL || v->state == 0) return NULL;
    const vi_pickle_value *state = &p->values[v->state];
    return state->kind == VI_PICKLE_DICT || state->kind == VI_PICKLE_CALL ? state : NULL;
}

static bool has_entries(const vi_pickle *p, const vi_pickle_value *v) { return vi_pickle_entries_of(p, v).item != 0; }

static bool holds_tensor(const vi_pickle *p, const vi_pickle_value *v) {
    const vi_pickle_value *key, *value;
    for (vi_pickle_entries at = vi_pickle_entries_of(p, v); vi_pickle_next(p, &at, &key, &value);) {
        if (vi_torch_is_tensor(p, value)) return true;
    }
    return false;
}

/* An object with attributes that is not used as a dictionary. */
static bool is_module(const vi_pickle *p, const vi_pickle_value *v) {
    return !has_entries(p, v) && attributes_of(p, v) != NULL && !vi_torch_is_tensor(p, v);
}

/* ---- the root ----------------------------------------------------------------------------------------------------------- */

/* The best of the known keys whose value is a dictionary of tensors, a module, or at least another dictionary. */
static const vi_pickle_value *find_root(const vi_pickle *p, const vi_pickle_value *v, char *choice) {
    const vi_pickle_value *candidates[ROOTS] = {0}, *key, *value, *nested = NULL;
    size_t found = 0, best = 0;
    for (vi_pickle_entries at = vi_pickle_entries_of(p, v); vi_pickle_next(p, &at, &key, &value);) {
        for (size_t i = 0; i < ROOTS; i++) {
            if (vi_pickle_is(p, key, roots[i])) candidates[i] = value;
        }
    }
    for (size_t i = 0; i < ROOTS; i++) {
        if (candidates[i] == NULL || vi_torch_is_tensor(p, candidates[i])) continue;
        if (holds_tensor(p, candidates[i]) || is_module(p, candidates[i])) {
            if (found++ == 0) best = i;
        } else if (nested == NULL && has_entries(p, candidates[i])) {
            nested = candidates[i];
        }
    }
    if (found > 1) snprintf(choice, VI_CHOICE, "%s", roots[best]);
    if (found > 0) return candidates[best];
    return holds_tensor(p, v) ? NULL : nested;
}

/* The message shows what is there instead. */
static int32_t no_weights(const vi_pickle *p, const vi_pickle_value *v, vi_error *e) {
    char keys[256] = "";
    const vi_pickle_value *key, *value;
    size_t shown = 0;
    for (vi_pickle_entries at = vi_pickle_entries_of(p, v); shown < 4 && vi_pickle_next(p, &at, &key, &value);) {
        char text[48];
        size_t used = strlen(keys);
        if (key->kind != VI_PICKLE_TEXT) continue;
        vi_printable(text, sizeof text, vi_pickle_text(p, key), key->count);
        snprintf(keys + used, sizeof keys - used, "%s'%s'", shown++ > 0 ? ", " : "; it has ", text);
    }
    return vi_fail(e, VIT_ERROR_UNSUPPORTED, "%s: no dictionary of tensors and no module is in it%s", p->file, keys);
}

static int32_t push(vi_torch_walk *w, const vi_pickle_value *entries, uint32_t kind, size_t length, vi_error *e) {
    if (w->depth == VI_TORCH_DEPTH) {
        return vi_fail(e, VIT_ERROR_LIMIT, "%s: modules are nested more than %d deep", w->pickle->file, VI_TORCH_DEPTH);
    }
    w->frames[w->depth].entries = vi_pickle_entries_of(w->pickle, entries);
    w->frames[w->depth].kind = kind;
    w->frames[w->depth++].length = length;
    return VIT_OK;
}

static int32_t push_module(vi_torch_walk *w, const vi_pickle_value *module, size_t length, vi_error *e) {
    const vi_pickle_value *attributes = attributes_of(w->pickle, module);
    bool python = vi_pickle_get(w->pickle, attributes, "_parameters") != NULL;
    return push(w, attributes, python ? PYTHON : ATTRIBUTES, length, e);
}

int32_t vi_torch_start(vi_torch_walk *w, const vi_pickle *p, char *choice, vi_error *e) {
    *w = (vi_torch_walk){.pickle = p};
    const vi_pickle_value *at = p->root;
    for (int level = 0; level < MAX_LEVELS; level++) {
        const vi_pickle_value *next = find_root(p, at, choice);
        if (next == NULL) break;
        at = next;
    }
    if (holds_tensor(p, at)) return push(w, at, FLAT, 0, e);
    return is_module(p, at) ? push_module(w, at, 0, e) : no_weights(p, at, e);
}

/* ---- going through ------------------------------------------------------------------------------------------------------ */

/* The name of what `key` leads to, with a dot at its end if it is a module. */
static int32_t set_name(vi_torch_walk *w, size_t from, const vi_pickle_value *key, bool module, vi_error *e) {
    if (key->count + module > VI_MAX_NAME - from) {
        char text[64];
        return vi_fail(e, VIT_ERROR_LIMIT, "%s: the tensor name '%s...' is longer than %d bytes", w->pickle->file,
                       vi_printable(text, sizeof text, vi_pickle_text(w->pickle, key), key->count), VI_MAX_NAME);
    }
    memcpy(w->name + from, vi_pickle_text(w->pickle, key), key->count);
    w->length = from + key->count;
    if (module) w->name[w->length++] = '.';
    return VIT_OK;
}

/* One entry: *found when it is a tensor, whose name is set; a module or a part of one is gone into. */
static int32_t step(vi_torch_walk *w, const vi_pickle_value *key, const vi_pickle_value *value, bool *found, vi_error *e) {
    const vi_pickle *p = w->pickle;
    uint32_t kind = w->frames[w->depth - 1].kind;
    size_t length = w->frames[w->depth - 1].length;
    if (key->kind != VI_PICKLE_TEXT) return VIT_OK;
    if (kind == PYTHON) return is_python_part(p, key) ? push(w, value, ATTRIBUTES, length, e) : VIT_OK;
    *found = vi_torch_is_tensor(p, value);
    if (*found) return set_name(w, length, key, false, e);
    if (kind == FLAT || attributes_of(p, value) == NULL) return VIT_OK;
    int32_t status = set_name(w, length, key, true, e);
    return status == VIT_OK ? push_module(w, value, w->length, e) : status;
}

int32_t vi_torch_next(vi_torch_walk *w, vi_torch_tensor *t, bool *found, vi_error *e) {
    *found = false;
    while (w->depth > 0) {
        const vi_pickle_value *key, *value;
        if (!vi_pickle_next(w->pickle, &w->frames[w->depth - 1].entries, &key, &value)) {
            w->depth--;
            continue;
        }
        if (w->steps++ == VI_PICKLE_VALUES)
            return vi_fail(e, VIT_ERROR_LIMIT, "%s: modules have too many parts", w->pickle->file);
        int32_t status = step(w, key, value, found, e);
        if (status == VIT_OK && *found) status = vi_torch_tensor_read(w->pickle, value, w->name, w->length, t, e);
        if (status != VIT_OK || *found) return status;
    }
    return VIT_OK;
}
