/* json.c: see json.h. One parser runs twice: the first pass checks the syntax and counts, the second one fills a block of
 * exactly that size. Containers are kept on a stack of VI_JSON_DEPTH frames; nothing recurses. */
#include "base/json.h"

#include <stdio.h>
#include <string.h>
#include "base/arena.h"
#include "base/decimal.h"
#include "base/sort.h"
#include "base/utf8.h"

typedef struct frame {
    bool object;
    uint32_t count;
    vi_json_value *value, *last; /* the container and its latest child; NULL while counting */
} frame;

typedef struct parser {
    const char *text;
    size_t length, at, most; /* bytes, and values */
    const char *what;
    vi_error *e;
    size_t value_count, member_count, longest_object, string_bytes; /* so far */
    vi_json_value *values; /* these four are NULL in the first pass */
    const void **members, **scratch;
    char *strings;
    vi_json_value spare; /* stands for every value of the first pass */
    frame frames[VI_JSON_DEPTH];
    size_t depth;
} parser;

/* ---- errors -------------------------------------------------------------------------------------------------------------- */

static int32_t fail_at(parser *p, int32_t code, const char *problem) {
    unsigned long line = 1, column = 1;
    for (size_t i = 0; i < p->at; i++) {
        column++;
        if (p->text[i] != '\n') continue;
        line++;
        column = 1;
    }
    return vi_fail(p->e, code, "%s: line %lu, column %lu: %s", p->what, line, column, problem);
}

static int32_t too_many(parser *p) {
    char problem[64];
    snprintf(problem, sizeof problem, "more than %lu values", (unsigned long)p->most);
    return fail_at(p, VIT_ERROR_LIMIT, problem);
}

static int32_t expected(parser *p, const char *thing) {
    char message[96], found[8];
    const char *before = "expected ", *between = ", found ";
    size_t n = p->at < p->length ? vi_utf8_length(p->text + p->at, p->length - p->at) : 0;
    const char *end = p->at < p->length ? vi_printable(found, sizeof found, p->text + p->at, n == 0 ? 1 : n) : "the end";
    const char *parts[4] = {before, thing, between, end};
    size_t used = 0;
    for (int i = 0; i < 4; i++) {
        size_t size = strlen(parts[i]);
        if (size >= sizeof message - used) break;
        memcpy(message + used, parts[i], size);
        used += size;
    }
    message[used] = '\0';
    return fail_at(p, VIT_ERROR_CORRUPT, message);
}

/* ---- tokens -------------------------------------------------------------------------------------------------------------- */

static int peek(const parser *p) {
    return p->at < p->length ? (unsigned char)p->text[p->at] : -1;
}

static bool accept(parser *p, char c) {
    if (peek(p) != c) return false;
    p->at++;
    return true;
}

static void skip_space(parser *p) {
    while (p->at < p->length) {
        char c = p->text[p->at];
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t') break;
        p->at++;
    }
}

static void emit(parser *p, const char *bytes, size_t n) {
    if (p->strings != NULL) memcpy(p->strings + p->string_bytes, bytes, n);
    p->string_bytes += n;
}

static bool read_hex(parser *p, uint32_t *code) {
    *code = 0;
    for (int i = 0; i < 4; i++, p->at++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        int c = peek(p);
        const char *found = c > 0 ? strchr(digits, c) : NULL;
        if (found == NULL) return false;
        *code = *code << 4 | (uint32_t)(found - digits) % 16;
    }
    return true;
}

static void emit_code_point(parser *p, uint32_t c) {
    char utf8[4];
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; c >>= 6) utf8[i] = (char)(unsigned char)(0x80 | (c & 0x3F));
    static const unsigned char lead[5] = {0, 0, 0xC0, 0xE0, 0xF0};
    utf8[0] = (char)(unsigned char)(lead[n] | c);
    emit(p, utf8, n);
}

/* After "\u". */
static int32_t read_unicode(parser *p) {
    uint32_t high, low;
    if (!read_hex(p, &high)) return expected(p, "four hexadecimal digits");
    if (high < 0xD800 || high > 0xDFFF) {
        emit_code_point(p, high);
        return VIT_OK;
    }
    if (high > 0xDBFF || !accept(p, '\\') || !accept(p, 'u') || !read_hex(p, &low) || low < 0xDC00 || low > 0xDFFF) {
        return fail_at(p, VIT_ERROR_CORRUPT, "half of a surrogate pair in a string");
    }
    emit_code_point(p, 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
    return VIT_OK;
}

/* After the backslash. */
static int32_t read_escape(parser *p) {
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    int c = peek(p);
    const char *found = c > 0 ? strchr(names, c) : NULL;
    if (c != 'u' && found == NULL) return expected(p, "an escape");
    p->at++;
    if (c == 'u') return read_unicode(p);
    emit(p, meanings + (found - names), 1);
    return VIT_OK;
}

/* A string at its opening quote; decoded, with a NUL that is not counted. */
static int32_t read_string(parser *p, const char **text, uint32_t *length) {
    size_t start = p->string_bytes;
    p->at++;
    while (!accept(p, '"')) {
        size_t run = p->at; /* of characters that stand for themselves */
        while (run < p->length) {
            unsigned char c = (unsigned char)p->text[run];
            if (c == '"' || c == '\\' || c < 0x20) break;
            size_t n = c < 0x80 ? 1 : vi_utf8_length(p->text + run, p->length - run);
            if (n == 0) break;
            run += n;
        }
        emit(p, p->text + p->at, run - p->at);
        p->at = run;
        int c = peek(p);
        if (c == '"') continue;
        if (c < 0) return expected(p, "the end of a string");
        if (c != '\\') return fail_at(p, VIT_ERROR_CORRUPT, c < 0x20 ? "control character in a string" : "a string is not UTF-8");
        p->at++;
        int32_t status = read_escape(p);
        if (status != VIT_OK) return status;
    }
    *length = (uint32_t)(p->string_bytes - start); /* <= p->length, which fits */
    *text = p->strings == NULL ? NULL : p->strings + start;
    emit(p, "", 1);
    return VIT_OK;
}

static bool skip_digits(parser *p) {
    size_t start = p->at;
    while (peek(p) >= '0' && peek(p) <= '9') p->at++;
    return p->at > start;
}

/* Text [start, at) without fraction and exponent, if it fits. */
static bool read_integer(const parser *p, size_t start, int64_t *out) {
    bool negative = p->text[start] == '-';
    uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX, value = 0;
    for (size_t i = start + negative; i < p->at; i++) {
        uint64_t digit = (uint64_t)(p->text[i] - '0');
        if (value > (limit - digit) / 10) return false;
        value = value * 10 + digit;
    }
    *out = !negative ? (int64_t)value : value == limit ? INT64_MIN : -(int64_t)value;
    return true;
}

static int32_t read_number(parser *p, vi_json_value *v) {
    size_t start = p->at;
    bool whole = true;
    accept(p, '-');
    if (!accept(p, '0') && !skip_digits(p)) return expected(p, "a digit");
    if (accept(p, '.')) {
        whole = false;
        if (!skip_digits(p)) return expected(p, "a digit");
    }
    if (accept(p, 'e') || accept(p, 'E')) {
        whole = false;
        if (!accept(p, '-')) accept(p, '+');
        if (!skip_digits(p)) return expected(p, "a digit");
    }
    v->kind = VI_JSON_NUMBER;
    if (p->values == NULL) return VIT_OK;
    v->integer = whole && read_integer(p, start, &v->integral);
    v->number = (double)v->integral;
    if (v->integer && v->integral != 0) return VIT_OK; /* -0 is a number like any other */
    if (vi_decimal(p->text + start, p->at - start, &v->number)) return VIT_OK;
    p->at = start;
    return fail_at(p, VIT_ERROR_CORRUPT, "a number is out of range");
}

static int32_t read_word(parser *p, const char *word, vi_json_kind kind, vi_json_value *v) {
    size_t n = strlen(word);
    if (p->length - p->at < n || memcmp(p->text + p->at, word, n) != 0) return expected(p, "a value");
    p->at += n;
    v->kind = kind;
    return VIT_OK;
}

/* ---- objects ------------------------------------------------------------------------------------------------------------- */

static int compare_bytes(const char *a, size_t a_length, const char *b, size_t b_length) {
    int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
    return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

static int compare_keys(const void *a, const void *b) {
    const vi_json_value *x = a, *y = b;
    return compare_bytes(x->key, x->key_length, y->key, y->key_length);
}

static int32_t sort_members(parser *p, vi_json_value *object) {
    const void **members = p->members + p->member_count;
    size_t n = 0;
    for (const vi_json_value *v = object->child; v != NULL; v = v->next) members[n++] = v;
    vi_sort(members, p->scratch, n, compare_keys);
    object->sorted = members;
    for (size_t i = 1; i < n; i++) {
        if (compare_keys(members[i - 1], members[i]) != 0) continue;
        const vi_json_value *twice = members[i];
        char key[128];
        return vi_fail(p->e, VIT_ERROR_CORRUPT, "%s: the key '%s' appears twice in one object", p->what,
                       vi_printable(key, sizeof key, twice->key, twice->key_length));
    }
    return VIT_OK;
}

/* ---- values -------------------------------------------------------------------------------------------------------------- */

/* A new value, appended to the innermost container. */
static vi_json_value *new_value(parser *p) {
    vi_json_value *v = p->values == NULL ? &p->spare : &p->values[p->value_count];
    p->value_count++;
    if (p->depth == 0) return v;
    frame *parent = &p->frames[p->depth - 1];
    parent->count++;
    if (p->values == NULL) return v;
    if (parent->last == NULL) parent->value->child = v;
    else parent->last->next = v;
    parent->last = v;
    return v;
}

static int32_t push(parser *p, vi_json_value *v, bool object) {
    if (p->depth == VI_JSON_DEPTH) return fail_at(p, VIT_ERROR_LIMIT, "nested more than 32 deep");
    p->at++;
    v->kind = object ? VI_JSON_OBJECT : VI_JSON_ARRAY;
    p->frames[p->depth++] = (frame){.object = object, .value = p->values == NULL ? NULL : v};
    return VIT_OK;
}

static int32_t pop(parser *p) {
    frame *top = &p->frames[--p->depth];
    p->at++;
    int32_t status = VIT_OK;
    if (top->value != NULL) {
        top->value->count = top->count;
        if (top->object) status = sort_members(p, top->value);
    }
    if (top->object) {
        p->member_count += top->count;
        if (top->count > p->longest_object) p->longest_object = top->count;
    }
    return status;
}

/* A member's key, where one is due, and a value; of an array or object only its opening bracket. */
static int32_t read_value(parser *p) {
    if (p->value_count == p->most) return too_many(p);
    vi_json_value *v = new_value(p);
    int32_t status = VIT_OK;
    if (p->depth > 0 && p->frames[p->depth - 1].object) {
        if (peek(p) != '"') return expected(p, "a key in quotes");
        if ((status = read_string(p, &v->key, &v->key_length)) != VIT_OK) return status;
        skip_space(p);
        if (!accept(p, ':')) return expected(p, "':'");
        skip_space(p);
    }
    switch (peek(p)) {
    case '{': return push(p, v, true);
    case '[': return push(p, v, false);
    case '"': v->kind = VI_JSON_STRING; return read_string(p, &v->text, &v->length);
    case 't': return read_word(p, "true", VI_JSON_TRUE, v);
    case 'f': return read_word(p, "false", VI_JSON_FALSE, v);
    case 'n': return read_word(p, "null", VI_JSON_NULL, v);
    case '-': case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
        return read_number(p, v);
    default: return expected(p, "a value");
    }
}

/* Closes what can be closed after a value. *more: another value must follow. */
static int32_t read_after(parser *p, bool *more) {
    *more = false;
    while (p->depth > 0) {
        const frame *top = &p->frames[p->depth - 1];
        skip_space(p);
        if (peek(p) == (top->object ? '}' : ']')) {
            int32_t status = pop(p);
            if (status != VIT_OK) return status;
            continue;
        }
        *more = true;
        if (top->count == 0) return VIT_OK; /* just opened */
        if (!accept(p, ',')) return expected(p, top->object ? "',' or '}'" : "',' or ']'");
        skip_space(p);
        return VIT_OK;
    }
    return VIT_OK;
}

static int32_t run(parser *p) {
    p->at = p->length >= 3 && memcmp(p->text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    skip_space(p);
    for (bool more = true; more;) {
        int32_t status = read_value(p);
        if (status == VIT_OK) status = read_after(p, &more);
        if (status != VIT_OK) return status;
    }
    skip_space(p);
    return p->at == p->length ? VIT_OK : expected(p, "the end");
}

/* ---- document ------------------------------------------------------------------------------------------------------------ */

static void lay_out(parser *p, vi_arena *arena, const parser *counted) {
    p->values = vi_arena_take(arena, counted->value_count, sizeof *p->values);
    p->members = vi_arena_take(arena, counted->member_count, sizeof *p->members);
    p->scratch = vi_arena_take(arena, counted->longest_object, sizeof *p->scratch);
    p->strings = vi_arena_take(arena, counted->string_bytes, 1);
}

int32_t vi_json_parse_most(vi_json *doc, const char *text, size_t length, size_t most, const char *what, vi_allocator *a,
                           vi_error *e) {
    parser p = {.text = text, .length = length, .most = most, .what = what, .e = e};
    if (length > UINT32_MAX) return vi_fail(e, VIT_ERROR_LIMIT, "%s: longer than 4 GiB", what);
    int32_t status = run(&p);
    if (status != VIT_OK) return status;
    parser counted = p;
    vi_arena arena = vi_arena_measure();
    lay_out(&p, &arena, &counted);
    vi_json out = {.block_size = arena.used};
    if (arena.failed || (out.block = vi_alloc(a, out.block_size, VI_TEMPORARY)) == NULL) {
        return vi_alloc_failed(a, arena.used, what, e);
    }
    p = (parser){.text = text, .length = length, .most = most, .what = what, .e = e};
    arena = vi_arena_over(out.block, out.block_size);
    lay_out(&p, &arena, &counted);
    out.root = p.values;
    status = run(&p);
    if (status != VIT_OK) {
        vi_json_free(&out, a);
        return status;
    }
    *doc = out;
    return VIT_OK;
}

int32_t vi_json_parse(vi_json *doc, const char *text, size_t length, const char *what, vi_allocator *a, vi_error *e) {
    return vi_json_parse_most(doc, text, length, VI_JSON_VALUES, what, a, e);
}

void vi_json_free(vi_json *doc, vi_allocator *a) {
    vi_free(a, doc->block, doc->block_size, VI_TEMPORARY);
    *doc = (vi_json){0};
}

/* ---- look-ups ------------------------------------------------------------------------------------------------------------ */

const vi_json_value *vi_json_get(const vi_json_value *object, const char *key) {
    if (object == NULL || object->kind != VI_JSON_OBJECT) return NULL;
    size_t low = 0, high = object->count, length = strlen(key);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const vi_json_value *v = object->sorted[middle];
        int order = compare_bytes(v->key, v->key_length, key, length);
        if (order == 0) return v;
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return NULL;
}

const vi_json_value *vi_json_at(const vi_json_value *array, uint32_t index) {
    if (array == NULL || array->kind != VI_JSON_ARRAY || index >= array->count) return NULL;
    const vi_json_value *v = array->child;
    while (index-- > 0) v = v->next;
    return v;
}

const char *vi_json_text(const vi_json_value *v, const char *fallback) {
    return v != NULL && v->kind == VI_JSON_STRING ? v->text : fallback;
}

bool vi_json_is(const vi_json_value *v, const char *text) {
    size_t length = strlen(text);
    return v != NULL && v->kind == VI_JSON_STRING && v->length == length && memcmp(v->text, text, length) == 0;
}

int64_t vi_json_int(const vi_json_value *v, int64_t fallback) {
    return v != NULL && v->kind == VI_JSON_NUMBER && v->integer ? v->integral : fallback;
}

double vi_json_double(const vi_json_value *v, double fallback) {
    return v != NULL && v->kind == VI_JSON_NUMBER ? v->number : fallback;
}

bool vi_json_bool(const vi_json_value *v, bool fallback) {
    return v == NULL ? fallback : v->kind == VI_JSON_TRUE ? true : v->kind == VI_JSON_FALSE ? false : fallback;
}
