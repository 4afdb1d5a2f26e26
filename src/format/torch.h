/* torch.h: what torch.save and torch.jit.save put into a pickle: tensors over storages, and dictionaries and modules of them. */
#ifndef VI_FORMAT_TORCH_H
#define VI_FORMAT_TORCH_H

#include "format/build.h"
#include "format/pickle.h"

#define VI_TORCH_DEPTH 32 /* of modules in modules */

typedef struct vi_torch_storage {
    const vi_pickle_value *key; /* a text: names the bytes outside of the pickle */
    vi_dtype dtype;
    size_t size;       /* of an element; 0: unknown */
    uint64_t elements; /* of the whole storage */
} vi_torch_storage;

bool vi_torch_is_storage(const vi_pickle *p, const vi_pickle_value *v);
/* v is a storage. *skip: elements before those that the tensor counts from (a view, only in legacy files). */
int32_t vi_torch_storage_read(const vi_pickle *p, const vi_pickle_value *v, vi_torch_storage *s, uint64_t *skip, vi_error *e);

typedef struct vi_torch_tensor {
    vi_torch_storage storage;
    vi_tensor tensor; /* without name; offset counts from the storage's first byte, and the range lies in it */
} vi_torch_tensor;

/* Goes through the tensors of a file's state dictionary, or of a whole module. */
typedef struct vi_torch_walk {
    const vi_pickle *pickle;
    struct {
        vi_pickle_entries entries;
        uint32_t kind;
        size_t length; /* of the part of the name that comes from outside */
    } frames[VI_TORCH_DEPTH];
    size_t depth;
    uint32_t steps;
    char name[VI_MAX_NAME + 1];
    size_t length; /* of name */
} vi_torch_walk;

/* Finds what to go through: training files keep it beside other things. choice [VI_CHOICE]: its key, when there were several. */
int32_t vi_torch_start(vi_torch_walk *w, const vi_pickle *p, char *choice, vi_error *e);
/* The next tensor, named w->name[0..length); *found false: there are no more. */
int32_t vi_torch_next(vi_torch_walk *w, vi_torch_tensor *t, bool *found, vi_error *e);

#endif
