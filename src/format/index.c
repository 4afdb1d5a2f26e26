/* index.c: a model in several files, as Hugging Face shards it: model.safetensors.index.json (or pytorch_model.bin.index.json)
 * says in which file beside it each tensor is: {"metadata": {...}, "weight_map": {"tensor":
 * "model-00001-of-00002.safetensors", ...}}. */
#include <string.h>
#include "base/json.h"
#include "format/build.h"

#define MAX_SHARDS 256

/* Text that begins with a brace and has no NUL, which the length at the start of a safetensors file always has. */
static bool probe(const unsigned char *head, size_t n, uint64_t file_size) {
    (void)file_size;
    return n > 0 && head[0] == '{' && memchr(head, 0, n) == NULL;
}

static int32_t bad_index(const vi_reader *r, int32_t code, const char *problem, vi_error *e) {
    return vi_fail(e, code, "%s: index of shards: %s", r->name, problem);
}

/* ---- the index ---------------------------------------------------------------------------------------------------------- */

/* A plain name: the index must not lead anywhere else. */
static bool is_plain(const vi_json_value *file) {
    if (file->kind != VI_JSON_STRING || file->length == 0 || file->length > VI_MAX_NAME) return false;
    const char *t = file->text;
    return strlen(t) == file->length && strpbrk(t, "/\\:") == NULL && strcmp(t, ".") != 0 && strcmp(t, "..") != 0;
}

/* Opens each file that is named, once. names [MAX_SHARDS]: pointers into the JSON. */
static int32_t open_files(vi_directory *d, const vi_json_value *map, const char **names, vi_allocator *a, vi_error *e) {
    const vi_reader *r = d->reader;
    for (const vi_json_value *file = map->child; file != NULL; file = file->next) {
        if (!is_plain(file)) return bad_index(r, VIT_ERROR_CORRUPT, "a shard is not the plain name of a file", e);
        size_t i = 0;
        while (i < d->shard_count && strcmp(names[i], file->text) != 0) i++;
        if (i < d->shard_count) continue;
        if (i == MAX_SHARDS) return bad_index(r, VIT_ERROR_LIMIT, "more than 256 shards", e);
        bool found = false;
        int32_t status = vi_reader_open_sibling(&d->shards[i], r->path, file->text, r->mapped, a, &found, e);
        if (status != VIT_OK) return status;
        if (!found) {
            char name[128];
            return vi_fail(e, VIT_ERROR_IO, "%s: shard '%s' is missing", r->name,
                           vi_printable(name, sizeof name, file->text, file->length));
        }
        names[d->shard_count++] = file->text;
    }
    return d->shard_count > 0 ? VIT_OK : bad_index(r, VIT_ERROR_CORRUPT, "its weight_map names no file", e);
}

/* What the index says is in a shard is there. What it does not mention is taken as well, as transformers does. */
static int32_t check_shard(const vi_directory *d, const vi_json_value *map, const char *name, size_t shard, vi_allocator *a,
                           vi_error *e) {
    vi_directory opened;
    int32_t status = vi_directory_open(&opened, &d->shards[shard], a, e);
    if (status != VIT_OK) return status;
    for (const vi_json_value *file = map->child; status == VIT_OK && file != NULL; file = file->next) {
        if (strcmp(file->text, name) != 0 || vi_directory_find(&opened, file->key) != NULL) continue;
        char text[128];
        status = vi_fail(e, VIT_ERROR_CORRUPT, "%s: tensor '%s' is missing, which %s says is there", d->shards[shard].name,
                         vi_printable(text, sizeof text, file->key, file->key_length), d->reader->name);
    }
    vi_directory_close(&opened, a);
    return status;
}

static int32_t read_map(vi_directory *d, const vi_json_value *root, vi_allocator *a, vi_error *e) {
    const char *names[MAX_SHARDS];
    const vi_json_value *map = vi_json_get(root, "weight_map");
    if (map == NULL || map->kind != VI_JSON_OBJECT) {
        return bad_index(d->reader, VIT_ERROR_FORMAT, "JSON text without weight_map: expected a checkpoint or an index of shards",
                         e);
    }
    int32_t status = open_files(d, map, names, a, e);
    for (size_t i = 0; status == VIT_OK && i < d->shard_count; i++) status = check_shard(d, map, names[i], i, a, e);
    return status;
}

static int32_t read_index(vi_directory *d, vi_allocator *a, vi_error *e) {
    vi_reader *r = d->reader;
    if (r->size > VI_MAX_HEADER) return bad_index(r, VIT_ERROR_LIMIT, "more than 16 MiB", e);
    size_t size = (size_t)r->size;
    char *text = vi_alloc(a, size, VI_TEMPORARY);
    if (text == NULL) return vi_alloc_failed(a, size, "an index of shards", e);
    vi_json json = {0};
    int32_t status = vi_reader_read(r, 0, text, size, e);
    if (status == VIT_OK) status = vi_json_parse(&json, text, size, r->name, a, e);
    if (status == VIT_OK) status = read_map(d, json.root, a, e);
    vi_json_free(&json, a);
    vi_free(a, text, size, VI_TEMPORARY);
    return status;
}

/* ---- the tensors -------------------------------------------------------------------------------------------------------- */

static int32_t add_shard(vi_builder *b, size_t shard) {
    vi_directory opened;
    int32_t status = vi_directory_open(&opened, &b->directory->shards[shard], b->allocator, b->error);
    if (status != VIT_OK) return status;
    b->directory->format = opened.format;
    for (size_t i = 0; status == VIT_OK && i < opened.count; i++) {
        vi_tensor t = opened.tensors[i];
        t.file = (uint32_t)shard + 1;
        if (t.layout != VI_LAYOUT_ROWS) {
            status = vi_build_bad(b, t.name, strlen(t.name), VIT_ERROR_UNSUPPORTED, "a .vit file is no shard");
        } else {
            status = vi_build_tensor(b, &t, t.name, strlen(t.name));
        }
    }
    vi_directory_close(&opened, b->allocator);
    return status;
}

static int32_t pass(vi_builder *b, void *user) {
    int32_t status = VIT_OK;
    (void)user;
    for (size_t i = 0; status == VIT_OK && i < b->directory->shard_count; i++) status = add_shard(b, i);
    return status;
}

static int32_t open(vi_directory *d, vi_reader *r, vi_allocator *a, vi_error *e) {
    if (r->path == NULL) {
        return bad_index(r, VIT_ERROR_UNSUPPORTED, "the files it names can only be found when it is loaded from a path", e);
    }
    size_t size = MAX_SHARDS * sizeof *d->shards;
    d->shards = vi_alloc(a, size, VI_TEMPORARY);
    if (d->shards == NULL) return vi_alloc_failed(a, size, "the shards of a model", e);
    d->shards_size = size;
    int32_t status = read_index(d, a, e);
    return status == VIT_OK ? vi_build(d, pass, NULL, a, e) : status;
}

const vi_format vi_format_index = {"index", probe, open};
