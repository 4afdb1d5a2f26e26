/* test_sharded.c: models in several files: tensors of all shards in one directory, readers that are closed, indexes that lie. */
#include "formats/containers.h"

static void test_shards(void) {
    static const char *const files[] = {DATA "model/sharded/model.safetensors.index.json",
                                        DATA "model/sharded_bin/pytorch_model.bin.index.json"};
    opened whole;
    open_file(&whole, DATA "model/model.safetensors", FROM_FILE);
    for (int i = 0; i < 4; i++) {
        opened o;
        open_file(&o, files[i / 2], i % 2 == 0 ? MAPPED : FROM_FILE);
        CHECK(o.status == VIT_OK && o.directory.shard_count == 2, "%s", o.error.text);
        if (o.status != VIT_OK) continue;
        CHECK(strcmp(o.directory.format->name, i < 2 ? "safetensors" : "pytorch") == 0, "the format is that of the shards");
        CHECK(o.directory.count == whole.directory.count, "%zu tensors", o.directory.count);
        for (size_t k = 0; k < o.directory.count; k++) {
            const vi_tensor *t = &o.directory.tensors[k], *expected = vi_directory_find(&whole.directory, t->name);
            float x[2048], y[2048];
            CHECK(expected != NULL && t->elements == expected->elements && (t->file == 1 || t->file == 2), "%s", t->name);
            CHECK(vi_tensor_load(&o.directory, t, x, &o.allocator, NULL) == VIT_OK, "%s", t->name);
            CHECK(vi_tensor_load(&whole.directory, expected, y, &whole.allocator, NULL) == VIT_OK, "%s", t->name);
            CHECK(memcmp(x, y, (size_t)t->elements * sizeof *x) == 0, "%s", t->name);
            CHECK(vi_tensor_in_place(&o.directory, t, 1) == NULL, "shards are gone after the load");
        }
        close_file(&o);
    }
    close_file(&whole);
}

static void test_without_path(void) {
    for (int way = FROM_MEMORY; way <= FROM_CALLBACK; way++) {
        opened o;
        open_file(&o, DATA "model/sharded/model.safetensors.index.json", way);
        CHECK(o.status == VIT_ERROR_UNSUPPORTED && strstr(o.error.text, "path") != NULL, "%d %s", (int)o.status, o.error.text);
        close_file(&o);
    }
}

static void test_failures(void) {
    const char *path = DATA "model/sharded/model.safetensors.index.json";
    opened o;
    open_file(&o, path, FROM_FILE);
    int blocks = o.heap.calls;
    close_file(&o);
    for (int fail_at = 1; fail_at <= blocks; fail_at++) {
        vi_reader r;
        vi_error e = {0};
        heap h = {.fail_at = fail_at};
        vi_allocator a = heap_allocator(&h);
        vi_directory d;
        CHECK(vi_reader_open_path(&r, path, false, &e) == VIT_OK, "%s", e.text);
        r.path = path;
        CHECK(vi_directory_open(&d, &r, &a, &e) == VIT_ERROR_MEMORY, "block %d: %s", fail_at, e.text);
        CHECK(heap_live(&h) == 0 && !h.wrong, "leak");
        vi_reader_close(&r);
    }
}

/* ---- indexes that lie --------------------------------------------------------------------------------------------------- */

#define ENTRY "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}"
#define A "vit-test-shard-a"
#define B "vit-test-shard-b"

static const struct {
    const char *what, *index;
    int32_t expected;
    const char *message;
} indexes[] = {
    {"good", "{\"weight_map\":{\"a\":\"" A "\",\"b\":\"" B "\"}}", VIT_OK, ""},
    {"one shard", "{\"weight_map\":{\"a\":\"" A "\"}}", VIT_OK, ""},
    {"with metadata", "{\"metadata\":{\"total_size\":1},\"weight_map\":{\"a\":\"" A "\",\"b\":\"" B "\"}}", VIT_OK, ""},
    {"no map", "{\"metadata\":{}}", VIT_ERROR_FORMAT, "weight_map"},
    {"a config.json", "{\"model_type\":\"vit\"}", VIT_ERROR_FORMAT, "weight_map"},
    {"map is a list", "{\"weight_map\":[]}", VIT_ERROR_FORMAT, "weight_map"},
    {"map is null", "{\"weight_map\":null}", VIT_ERROR_FORMAT, "weight_map"},
    {"empty map", "{\"weight_map\":{}}", VIT_ERROR_CORRUPT, "no file"},
    {"shard is a number", "{\"weight_map\":{\"a\":1}}", VIT_ERROR_CORRUPT, "plain name"},
    {"shard is a list", "{\"weight_map\":{\"a\":[\"" A "\"]}}", VIT_ERROR_CORRUPT, "plain name"},
    {"shard is empty", "{\"weight_map\":{\"a\":\"\"}}", VIT_ERROR_CORRUPT, "plain name"},
    {"shard is .", "{\"weight_map\":{\"a\":\".\"}}", VIT_ERROR_CORRUPT, "plain name"},
    {"shard is ..", "{\"weight_map\":{\"a\":\"..\"}}", VIT_ERROR_CORRUPT, "plain name"},
    {"absolute path", "{\"weight_map\":{\"a\":\"/etc/passwd\"}}", VIT_ERROR_CORRUPT, "plain name"},
    {"path upwards", "{\"weight_map\":{\"a\":\"../" A "\"}}", VIT_ERROR_CORRUPT, "plain name"},
    {"path downwards", "{\"weight_map\":{\"a\":\"x/" A "\"}}", VIT_ERROR_CORRUPT, "plain name"},
    {"Windows path", "{\"weight_map\":{\"a\":\"..\\\\" A "\"}}", VIT_ERROR_CORRUPT, "plain name"},
    {"Windows drive", "{\"weight_map\":{\"a\":\"c:" A "\"}}", VIT_ERROR_CORRUPT, "plain name"},
    {"NUL in the name", "{\"weight_map\":{\"a\":\"" A "\\u0000\"}}", VIT_ERROR_CORRUPT, "plain name"},
    {"missing shard", "{\"weight_map\":{\"a\":\"" A "\",\"b\":\"vit-test-nowhere\"}}", VIT_ERROR_IO, "vit-test-nowhere"},
    {"missing tensor", "{\"weight_map\":{\"a\":\"" A "\",\"c\":\"" A "\"}}", VIT_ERROR_CORRUPT, "'c'"},
    {"tensor of the other shard", "{\"weight_map\":{\"a\":\"" B "\",\"b\":\"" A "\"}}", VIT_ERROR_CORRUPT, "missing"},
    {"tensor twice in the map", "{\"weight_map\":{\"a\":\"" A "\",\"a\":\"" A "\"}}", VIT_ERROR_CORRUPT, "twice"},
    {"the index is its own shard", "{\"weight_map\":{\"a\":\"vit-test-index\"}}", VIT_ERROR_UNSUPPORTED, "index"},
    {"shard is a folder", "{\"weight_map\":{\"a\":\"vit-test-folder\"}}", VIT_ERROR_IO, "folder"},
    {"shard is no checkpoint", "{\"weight_map\":{\"a\":\"vit-test-text\"}}", VIT_ERROR_FORMAT, "vit-test-text"},
    {"two shards with one name", "{\"weight_map\":{\"a\":\"" A "\",\"b\":\"" B "\",\"x\":\"vit-test-again\"}}", VIT_ERROR_CORRUPT,
     "twice"},
    {"cut off", "{\"weight_map\":{\"a\":\"" A "\"}", VIT_ERROR_CORRUPT, ""},
    {"no JSON", "{weight_map}", VIT_ERROR_CORRUPT, ""},
};

static char folder[512];

static const char *in_folder(const char *name) {
    static char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_shard(const char *name, const char *header, size_t data) {
    buffer b = make_safetensors(header, strlen(header), data);
    CHECK(write_file(in_folder(name), b.data, b.size), "cannot write %s", name);
    buffer_free(&b);
}

static void test_indexes(void) {
    static const char *const names[] = {"vit-test-index", A, B, "vit-test-again", "vit-test-text"};
    snprintf(folder, sizeof folder, "%s", temporary_path("shards"));
    mkdir(folder, 0700);
    mkdir(in_folder("vit-test-folder"), 0700);
    write_shard(A, "{\"a\":" ENTRY "}", 8);
    write_shard(B, "{\"b\":" ENTRY "}", 8);
    write_shard("vit-test-again", "{\"b\":" ENTRY ",\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}", 12);
    CHECK(write_file(in_folder("vit-test-text"), "hello, world", 12), "cannot write");
    for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++) {
        CHECK(write_file(in_folder("vit-test-index"), indexes[i].index, strlen(indexes[i].index)), "cannot write");
        for (int way = MAPPED; way <= FROM_FILE; way++) {
            opened o;
            open_file(&o, in_folder("vit-test-index"), way);
            CHECK(o.status == indexes[i].expected && strstr(o.error.text, indexes[i].message) != NULL, "%s: %d %s",
                  indexes[i].what, (int)o.status, o.error.text);
            close_file(&o);
        }
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) unlink(in_folder(names[i]));
    rmdir(in_folder("vit-test-folder"));
    rmdir(folder);
}

/* Names of 257 files, all of which exist. */
static void test_too_many(void) {
    buffer b = {0};
    snprintf(folder, sizeof folder, "%s", temporary_path("many"));
    mkdir(folder, 0700);
    buffer_text(&b, "{\"weight_map\":{");
    for (int i = 0; i < 257; i++) {
        char entry[64];
        snprintf(entry, sizeof entry, "%s\"t%d\":\"f%d\"", i > 0 ? "," : "", i, i);
        buffer_text(&b, entry);
        snprintf(entry, sizeof entry, "f%d", i);
        CHECK(write_file(in_folder(entry), "x", 1), "cannot write");
    }
    buffer_text(&b, "}}");
    CHECK(write_file(in_folder("index"), b.data, b.size), "cannot write");
    opened o;
    open_file(&o, in_folder("index"), FROM_FILE);
    CHECK(o.status == VIT_ERROR_LIMIT, "%d %s", (int)o.status, o.error.text);
    close_file(&o);
    for (int i = 0; i < 257; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%d", i);
        unlink(in_folder(name));
    }
    unlink(in_folder("index"));
    rmdir(folder);
    buffer_free(&b);
}

TEST_MAIN(test_shards, test_without_path, test_failures, test_indexes, test_too_many)
