/* formats.c: the one list of formats, and what works on the directory of any of them. See format.h. */
#include <string.h>
#include "format/format.h"

static const vi_format *const formats[] = {
    &vi_format_vit,
    &vi_format_safetensors,
};

/* First bytes of files that people try, to say more than "unknown". */
static const struct {
    const char *magic, *what;
} strangers[] = {
    {"PK\3\4", "a zip archive (PyTorch .pth or .bin, NumPy .npz): convert it to safetensors"},
    {"\x80\x02", "a Python pickle (old PyTorch checkpoint): convert it to safetensors"},
    {"GGUF", "a GGUF file"},
    {"\x89HDF", "an HDF5 file (Keras): convert it to safetensors"},
    {"version https://git-lfs", "a Git LFS pointer, not the file itself: run `git lfs pull`"},
    {"{", "JSON text, not a checkpoint"},
    {"<", "a web page, not a checkpoint"},
};

static int32_t unknown_format(const vi_reader *r, const unsigned char *head, size_t n, vi_error *e) {
    if (n == 0) return vi_fail(e, VIT_ERROR_FORMAT, "%s: expected a .vit or .safetensors file, found an empty one", r->name);
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        size_t length = strlen(strangers[i].magic);
        if (n < length || memcmp(head, strangers[i].magic, length) != 0) continue;
        return vi_fail(e, VIT_ERROR_FORMAT, "%s: expected a .vit or .safetensors file, found %s", r->name, strangers[i].what);
    }
    return vi_fail(e, VIT_ERROR_FORMAT, "%s: neither a .vit nor a .safetensors file", r->name);
}

int32_t vi_directory_open(vi_directory *d, vi_reader *r, vi_allocator *a, vi_error *e) {
    unsigned char head[64];
    size_t n = r->size < sizeof head ? (size_t)r->size : sizeof head;
    int32_t status = vi_reader_read(r, 0, head, n, e);
    if (status != VIT_OK) return status;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (!formats[i]->probe(head, n, r->size)) continue;
        vi_directory opened = {.format = formats[i], .reader = r};
        status = formats[i]->open(&opened, r, a, e);
        if (status != VIT_OK) {
            vi_directory_close(&opened, a);
            return status;
        }
        *d = opened;
        return VIT_OK;
    }
    return unknown_format(r, head, n, e);
}

void vi_directory_close(vi_directory *d, vi_allocator *a) {
    vi_free(a, d->block, d->block_size, VI_TEMPORARY);
    *d = (vi_directory){0};
}

vi_tensor *vi_directory_find(const vi_directory *d, const char *name) {
    size_t low = 0, high = d->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(d->tensors[middle].name, name);
        if (order == 0) return &d->tensors[middle];
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return NULL;
}

const vi_meta *vi_directory_meta(const vi_directory *d, uint32_t key) {
    size_t low = 0, high = d->meta_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (d->meta[middle].key == key) return &d->meta[middle];
        if (d->meta[middle].key < key) low = middle + 1;
        else high = middle;
    }
    return NULL;
}
