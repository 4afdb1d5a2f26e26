/* test_json.c: base/json.h. */
#include "formats/support.h"

#include <time.h>
#include "base/json.h"

static int32_t parse_n(vi_json *doc, const char *text, size_t n, vi_error *e) {
    static vi_allocator a; /* zeroed: malloc */
    a = (vi_allocator){0};
    char *copy = malloc(n > 0 ? n : 1); /* exactly as long: reading further is seen by sanitizers */
    memcpy(copy, text, n);
    int32_t status = vi_json_parse(doc, copy, n, "test", &a, e);
    free(copy); /* the document must not need it */
    return status;
}

static void free_doc(vi_json *doc) {
    vi_allocator a = {.in_use = doc->block_size};
    vi_json_free(doc, &a);
}

static const char *const accepted[] = {
    "{}", "[]", "0", "-0", "true", "false", "null", "\"\"", " \t\r\n{ } ", "[1,2 , 3]", "{\"a\":1,\"b\":[],\"c\":{\"a\":null}}",
    "1e5", "1E-5", "1.25e+3", "0.5", "0e0", "-1.5", "9223372036854775807", "9223372036854775808", "[[[[[[[[[[]]]]]]]]]]",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20ac\\uD83D\\uDE00\\u0000\"", "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\x7F\"",
    "\xEF\xBB\xBF{}", "[1e-400]", "\"\\uD834\\udd1e\"", "{\"\":0}", "{\"a\":1,\"A\":2,\"aa\":3}", "{\"\\u0000\":1,\"\":2}",
    "[\"\xEF\xBF\xBF\"]", "\"\xF4\x8F\xBF\xBF\"", "[true,false,null,[],{},\"\",0]",
};

static const char *const refused[] = {
    "", " ", "{", "}", "[", "]", "{]", "[}", "[1", "[1,", "[1,]", "[,1]", "[1,,2]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\" 1}",
    "{\"a\":1,}",
    "{,}", "{a:1}", "{'a':1}", "{1:1}", "{\"a\":1 \"b\":2}", "{\"a\":1,,\"b\":2}", "[] []", "{}x", "nul", "nulll", "True", "tru",
    "falsy",
    "NaN", "Infinity", "-Infinity", "undefined", "+1", "01", "-01", "1.", ".5", "-.5", "-", "1e", "1e+", "1.e5", "0x10", "1_000",
    "1e5.5",
    "\"", "\"a", "\"\\", "\"\\\"", "\"\\x\"", "\"\\u\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\uD800\"", "\"\\uDC00\"", "\"\\uD800x\"",
    "\"\\uD800\\n\"", "\"\\uD800\\u0041\"", "\"\\uD800\\uD800\"", "\"\t\"", "\"\n\"", "\"\x1F\"", "'a'", "\"\xFF\"", "\"\x80\"",
    "\"\xC0\x80\"", "\"\xC1\xBF\"", "\"\xE0\x9F\xBF\"", "\"\xED\xA0\x80\"", "\"\xF0\x8F\xBF\xBF\"", "\"\xF4\x90\x80\x80\"",
    "\"\xF5\x80\x80\x80\"", "\"\xC3\"", "\"\xE2\x82\"", "\"\xE2\x28\xA1\"", "/* */ {}", "{} // x", "[1]\x0C", "\xFE\xFF",
    "\xEF\xBB\xBF",
    "\xEF\xBB{}", "{\"a\":1,\"a\":1}", "{\"a\":1,\"\\u0061\":2}", "[{\"x\":{\"k\":1,\"j\":2,\"k\":3}}]", "1e309", "[-1e999]",
    "{\"a\":1",
};

static void test_syntax(void) {
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
        vi_json doc = {0};
        vi_error e = {0};
        CHECK(parse_n(&doc, accepted[i], strlen(accepted[i]), &e) == VIT_OK, "%s: %s", accepted[i], e.text);
        CHECK(doc.root != NULL && e.code == VIT_OK, "%s", accepted[i]);
        free_doc(&doc);
    }
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        vi_json doc = {0};
        vi_error e = {0};
        int32_t status = parse_n(&doc, refused[i], strlen(refused[i]), &e);
        CHECK(status == VIT_ERROR_CORRUPT && e.code == status && strncmp(e.text, "test: ", 6) == 0, "%s: %d %s", refused[i],
              status, e.text);
        CHECK(doc.root == NULL && doc.block == NULL, "%s: out-parameter changed", refused[i]);
        if (status == VIT_OK) free_doc(&doc);
    }
    vi_json doc = {0};
    CHECK(parse_n(&doc, "[1]\0", 4, NULL) == VIT_ERROR_CORRUPT, "a NUL is not white space");
    CHECK(parse_n(&doc, "\"a\0b\"", 5, NULL) == VIT_ERROR_CORRUPT, "a raw NUL in a string");
}

static const char everything[] = "{\"text\":\"a\\u00e9\\n\",\"list\":[1,-2,3.5,1e2,9223372036854775808,-9223372036854775808],"
                                 "\"yes\":true,\"no\":false,\"none\":null,\"inner\":{\"deep\":[[],{}]},"
                                 "\"nul\":\"x\\u0000y\",\"\":7}";

static void test_values(void) {
    vi_json doc = {0};
    vi_error e = {0};
    CHECK(parse_n(&doc, everything, strlen(everything), &e) == VIT_OK, "%s", e.text);
    const vi_json_value *root = doc.root, *list = vi_json_get(root, "list");
    CHECK(root->kind == VI_JSON_OBJECT && root->count == 8, "%u members", root->count);
    CHECK(vi_json_is(vi_json_get(root, "text"), "a\xC3\xA9\n") && vi_json_get(root, "text")->length == 4, "text");
    CHECK(vi_json_is(root->child, "a\xC3\xA9\n") && strcmp(root->child->key, "text") == 0, "document order");
    CHECK(list->kind == VI_JSON_ARRAY && list->count == 6, "list");
    CHECK(vi_json_int(vi_json_at(list, 0), 9) == 1 && vi_json_int(vi_json_at(list, 1), 9) == -2, "integers");
    CHECK(vi_json_int(vi_json_at(list, 2), 9) == 9 && vi_json_int(vi_json_at(list, 3), 9) == 9, "3.5 and 1e2 are not integers");
    CHECK(vi_json_double(vi_json_at(list, 2), 0) == 3.5 && vi_json_double(vi_json_at(list, 3), 0) == 100, "doubles");
    CHECK(vi_json_double(vi_json_at(list, 0), 0) == 1, "an integer is a double too");
    CHECK(vi_json_int(vi_json_at(list, 4), 9) == 9 && vi_json_double(vi_json_at(list, 4), 0) == 9223372036854775808.0, "2^63");
    CHECK(vi_json_int(vi_json_at(list, 5), 9) == INT64_MIN, "-2^63");
    CHECK(vi_json_at(list, 6) == NULL && vi_json_at(root, 0) == NULL, "out of range, not an array");
    CHECK(vi_json_bool(vi_json_get(root, "yes"), false) && !vi_json_bool(vi_json_get(root, "no"), true), "booleans");
    CHECK(vi_json_bool(vi_json_get(root, "none"), true) && vi_json_get(root, "none")->kind == VI_JSON_NULL, "null");
    const vi_json_value *deep = vi_json_get(vi_json_get(root, "inner"), "deep");
    CHECK(deep->count == 2 && vi_json_at(deep, 0)->kind == VI_JSON_ARRAY && vi_json_at(deep, 1)->kind == VI_JSON_OBJECT, "deep");
    const vi_json_value *nul = vi_json_get(root, "nul");
    CHECK(nul->length == 3 && memcmp(nul->text, "x\0y", 4) == 0 && !vi_json_is(nul, "x"), "NUL in a string");
    CHECK(vi_json_int(vi_json_get(root, ""), 0) == 7, "the empty key");
    CHECK(vi_json_get(root, "tex") == NULL && vi_json_get(root, "texts") == NULL && vi_json_get(list, "a") == NULL, "absent");
    CHECK(vi_json_get(NULL, "a") == NULL && vi_json_at(NULL, 0) == NULL && !vi_json_is(NULL, ""), "NULL");
    CHECK(vi_json_int(NULL, 5) == 5 && vi_json_double(NULL, 5) == 5 && vi_json_bool(NULL, true) &&
          vi_json_text(NULL, NULL) == NULL, "NULL");
    CHECK(strcmp(vi_json_text(list, "else"), "else") == 0, "wrong kind");
    free_doc(&doc);
    CHECK(doc.root == NULL, "freed");
}

static void test_messages(void) {
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"{\"a\":1,\n \"b\" 2}", "test: line 2, column 6: expected ':', found 2"},
        {"[1,2", "test: line 1, column 5: expected ',' or ']', found the end"},
        {"[1}", "test: line 1, column 3: expected ',' or ']', found }"},
        {"{\"a\":1,\"b\":2,\"a\":3}", "test: the key 'a' appears twice in one object"},
        {"[1,\x01]", "test: line 1, column 4: expected a value, found ?"},
        {"[\"\\uD800\"]", "test: line 1, column 9: half of a surrogate pair in a string"},
        {"[1e999]", "test: line 1, column 2: a number is out of range"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vi_json doc = {0};
        vi_error e = {0};
        parse_n(&doc, cases[i].text, strlen(cases[i].text), &e);
        CHECK(strcmp(e.text, cases[i].message) == 0, "'%s' instead of '%s'", e.text, cases[i].message);
    }
}

static void test_caps(void) {
    char text[2 * VI_JSON_DEPTH + 8];
    for (size_t depth = VI_JSON_DEPTH - 1; depth <= VI_JSON_DEPTH + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        vi_json doc = {0};
        vi_error e = {0};
        int32_t status = parse_n(&doc, text, 2 * depth, &e);
        CHECK(status == (depth <= VI_JSON_DEPTH ? VIT_OK : VIT_ERROR_LIMIT), "depth %zu: %d %s", depth, status, e.text);
        if (status == VIT_OK) free_doc(&doc);
    }
    for (size_t values = VI_JSON_VALUES; values <= VI_JSON_VALUES + 1; values++) {
        buffer b = {0};
        buffer_text(&b, "[0");
        for (size_t i = 2; i < values; i++) buffer_text(&b, ",0");
        buffer_text(&b, "]");
        vi_json doc = {0};
        vi_error e = {0};
        int32_t status = parse_n(&doc, (char *)b.data, b.size, &e);
        CHECK(status == (values <= VI_JSON_VALUES ? VIT_OK : VIT_ERROR_LIMIT), "%zu values: %d %s", values, status, e.text);
        if (status == VIT_OK) free_doc(&doc);
        buffer_free(&b);
    }
    size_t long_depth = 1000000;
    char *deep = malloc(long_depth);
    memset(deep, '[', long_depth);
    vi_json doc = {0};
    CHECK(parse_n(&doc, deep, long_depth, NULL) == VIT_ERROR_LIMIT, "a million brackets");
    free(deep);
}

static void test_truncated_and_flipped(void) {
    size_t n = strlen(everything);
    for (size_t cut = 0; cut < n; cut++) {
        vi_json doc = {0};
        vi_error e = {0};
        CHECK(parse_n(&doc, everything, cut, &e) == VIT_ERROR_CORRUPT, "cut at %zu: %s", cut, e.text);
    }
    int fine = 0;
    for (size_t bit = 0; bit < 8 * n; bit++) {
        char *copy = malloc(n);
        memcpy(copy, everything, n);
        copy[bit / 8] = (char)(copy[bit / 8] ^ (1 << bit % 8));
        vi_json doc = {0};
        int32_t status = parse_n(&doc, copy, n, NULL);
        CHECK(status == VIT_OK || status == VIT_ERROR_CORRUPT, "bit %zu: %d", bit, status);
        fine += status == VIT_OK;
        if (status == VIT_OK) free_doc(&doc);
        free(copy);
    }
    CHECK(fine > 0, "some flips change only text");
}

static void test_memory(void) {
    heap h = {.fail_at = 1};
    vi_allocator a = heap_allocator(&h);
    vi_json doc = {0}, zero = {0};
    vi_error e = {0};
    CHECK(vi_json_parse(&doc, everything, strlen(everything), "test", &a, &e) == VIT_ERROR_MEMORY && a.in_use == 0, "%s", e.text);
    CHECK(memcmp(&doc, &zero, sizeof doc) == 0, "out-parameter changed");
    h = (heap){0};
    CHECK(vi_json_parse(&doc, everything, strlen(everything), "test", &a, &e) == VIT_OK && h.calls == 1, "%d allocations",
          h.calls);
    vi_json_free(&doc, &a);
    vi_json_free(&doc, &a);
    CHECK(heap_live(&h) == 0 && !h.wrong, "one allocation, freed once");
    CHECK(vi_json_parse(&doc, "{\"a\":0,\"a\":0}", 13, "test", &a, &e) == VIT_ERROR_CORRUPT && heap_live(&h) == 0,
          "freed on failure");
}

static double seconds(void) {
    return (double)clock() / CLOCKS_PER_SEC;
}

/* Many keys, in an order and with common beginnings that make naive searches quadratic. */
static void test_many_members(void) {
    enum { COUNT = 65536 };
    for (int order = 0; order < 3; order++) {
        buffer b = {0};
        for (unsigned i = 0; i < COUNT; i++) {
            char member[80];
            unsigned k = order == 0 ? i : order == 1 ? COUNT - 1 - i : i * 40503u % COUNT;
            snprintf(member, sizeof member, "%c\"encoder.layers.with.a.long.common.prefix.%05u\":%u", i == 0 ? '{' : ',', k, k);
            buffer_text(&b, member);
        }
        buffer_text(&b, "}");
        vi_json doc = {0};
        vi_error e = {0};
        double start = seconds();
        CHECK(parse_n(&doc, (char *)b.data, b.size, &e) == VIT_OK, "%s", e.text);
        for (unsigned k = 0; k < COUNT; k++) {
            char key[80];
            snprintf(key, sizeof key, "encoder.layers.with.a.long.common.prefix.%05u", k);
            CHECK(vi_json_int(vi_json_get(doc.root, key), -1) == (int64_t)k, "key %u", k);
        }
        for (uint32_t i = 1; i < doc.root->count; i++) {
            const vi_json_value *left = doc.root->sorted[i - 1], *right = doc.root->sorted[i];
            CHECK(strcmp(left->key, right->key) < 0, "sorted at %u", i);
        }
        double took = seconds() - start;
        CHECK(took < 10, "order %d took %.2f s", order, took); /* 0.1 s, 2 s under valgrind; a quadratic step: a minute */
        free_doc(&doc);
        b.size--;
        char last[90];
        snprintf(last, sizeof last, ",\"encoder.layers.with.a.long.common.prefix.%05u\":0}", 31u);
        buffer_text(&b, last);
        CHECK(parse_n(&doc, (char *)b.data, b.size, &e) == VIT_ERROR_CORRUPT && strstr(e.text, "00031' appears twice"), "%s",
              e.text);
        buffer_free(&b);
    }
}

TEST_MAIN(test_syntax, test_values, test_messages, test_caps, test_truncated_and_flipped, test_memory, test_many_members)
