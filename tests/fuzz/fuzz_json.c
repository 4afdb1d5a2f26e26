/* fuzz_json.c: any bytes as JSON text; every value is looked at, and every member found by its key. */
#include "base/json.h"
#include "fuzz/fuzz.h"

static void look(const vi_json_value *v, int depth) {
    MUST(depth <= VI_JSON_DEPTH);
    uint32_t count = 0;
    for (const vi_json_value *child = v->child; child != NULL; child = child->next, count++) {
        MUST(v->kind != VI_JSON_OBJECT || strlen(child->key) != child->key_length || vi_json_get(v, child->key) == child);
        look(child, depth + 1);
    }
    MUST(v->kind < VI_JSON_ARRAY || count == v->count);
    MUST(v->kind != VI_JSON_STRING || v->text[v->length] == '\0');
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
    vi_allocator a = {0};
    vi_error e = {0};
    vi_json json = {0};
    char *copy = malloc(size + 1);
    memcpy(copy, data, size);
    copy = realloc(copy, size > 0 ? size : 1);
    int32_t status = vi_json_parse(&json, copy, size, "fuzz", &a, &e);
    free(copy);
    if (status == VIT_OK) look(json.root, 0);
    else MUST(e.code == status && json.block == NULL);
    vi_json_free(&json, &a);
    MUST(a.in_use == 0);
    return 0;
}
