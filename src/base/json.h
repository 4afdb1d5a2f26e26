/* json.h: a strict JSON parser (RFC 8259) for checkpoint headers and config files. UTF-8 is validated, escapes are decoded,
 * duplicate keys in one object are refused, depth and number of values are capped. Numbers never go through the locale. A byte
 * order mark at the start is skipped. */
#ifndef VI_BASE_JSON_H
#define VI_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/alloc.h"
#include "base/status.h"

#define VI_JSON_DEPTH 32
#define VI_JSON_VALUES (1u << 20) /* 12 each for the most tensors a checkpoint may have, and as much again for anything else */

typedef enum vi_json_kind {
    VI_JSON_NULL, VI_JSON_FALSE, VI_JSON_TRUE, VI_JSON_NUMBER, VI_JSON_STRING, VI_JSON_ARRAY, VI_JSON_OBJECT
} vi_json_kind;

typedef struct vi_json_value {
    vi_json_kind kind;
    uint32_t count;   /* elements of an array, members of an object */
    const char *key;  /* of a member: decoded, NUL-terminated; NULL otherwise */
    uint32_t key_length;
    uint32_t length;  /* of text */
    const char *text; /* string: decoded, NUL-terminated. number: NULL */
    double number;
    bool integer;     /* the number was written without fraction or exponent and fits int64 */
    int64_t integral;
    const struct vi_json_value *child, *next; /* first element, next sibling, in the order of the text */
    const void *const *sorted; /* object: its `count` members (vi_json_value *), by key (bytes, shorter first) */
} vi_json_value;

typedef struct vi_json {
    const vi_json_value *root;
    void *block; /* one temporary allocation; independent of the text */
    size_t block_size;
} vi_json;

/* `what` names the text in messages ("header of model.safetensors"). One allocation, sized by a first pass. */
int32_t vi_json_parse(vi_json *doc, const char *text, size_t length, const char *what, vi_allocator *a, vi_error *e);
/* The same with another cap on the number of values than VI_JSON_VALUES; each takes sizeof(vi_json_value) bytes. */
int32_t vi_json_parse_most(vi_json *doc, const char *text, size_t length, size_t most, const char *what, vi_allocator *a,
                           vi_error *e);
void vi_json_free(vi_json *doc, vi_allocator *a);

/* All accept NULL values and give NULL / the fallback, so that look-ups chain. vi_json_get takes O(log n); vi_json_at walks: to
 * visit all, follow child and next. */
const vi_json_value *vi_json_get(const vi_json_value *object, const char *key);
const vi_json_value *vi_json_at(const vi_json_value *array, uint32_t index);
const char *vi_json_text(const vi_json_value *v, const char *fallback);
bool vi_json_is(const vi_json_value *v, const char *text);
int64_t vi_json_int(const vi_json_value *v, int64_t fallback);   /* integers only */
double vi_json_double(const vi_json_value *v, double fallback);
bool vi_json_bool(const vi_json_value *v, bool fallback);

#endif
