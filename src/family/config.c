/* config.c: see config.h. */
#include "family/config.h"

#include "model/hparams.h"
#include <float.h>
#include <math.h>
#include <string.h>

const vi_json_value *vi_config_get(const vi_json_value *object, const char *key) {
    if (object == NULL || object->kind != VI_JSON_OBJECT) return NULL;
    const vi_json_value *v = vi_json_get(object, key);
    return v != NULL && v->kind != VI_JSON_NULL ? v : NULL;
}

static const char *kind_name(vi_json_kind kind) {
    static const char *const names[] = {
        [VI_JSON_NULL] = "null",     [VI_JSON_FALSE] = "false",  [VI_JSON_TRUE] = "true",        [VI_JSON_NUMBER] = "a number",
        [VI_JSON_STRING] = "a text", [VI_JSON_ARRAY] = "a list", [VI_JSON_OBJECT] = "an object",
    };
    return names[kind];
}

static void wrong_type(vi_config *g, const char *key, const vi_json_value *found, const char *expected) {
    g->status = vi_fail(g->error, VIT_ERROR_MODEL, "%s: %s is %s, expected %s", g->file, key, kind_name(found->kind), expected);
}

const vi_json_value *vi_config_object(vi_config *g, const vi_json_value *object, const char *key) {
    const vi_json_value *v = vi_config_get(object, key);
    if (v == NULL || g->status != VIT_OK) return NULL;
    if (v->kind == VI_JSON_OBJECT) return v;
    wrong_type(g, key, v, "an object");
    return NULL;
}

/* One whole number in low..high. */
static int32_t whole(vi_config *g, const char *key, const vi_json_value *v, int32_t low, int32_t high, int32_t fallback) {
    if (v->kind != VI_JSON_NUMBER) {
        wrong_type(g, key, v, "a whole number");
    } else if (!v->integer) {
        g->status = vi_fail(g->error, VIT_ERROR_MODEL, "%s: %s is not a whole number", g->file, key);
    } else if (v->integral < low || v->integral > high) {
        g->status = vi_fail(g->error, VIT_ERROR_MODEL, "%s: %s is %lld, expected %ld..%ld", g->file, key, (long long)v->integral,
                            (long)low, (long)high);
    } else {
        return (int32_t)v->integral;
    }
    return fallback;
}

int32_t vi_config_int(vi_config *g, const vi_json_value *object, const char *key, int32_t low, int32_t high, int32_t fallback) {
    const vi_json_value *v = vi_config_get(object, key);
    return v == NULL || g->status != VIT_OK ? fallback : whole(g, key, v, low, high, fallback);
}

double vi_config_real(vi_config *g, const vi_json_value *object, const char *key, double low, double high, double fallback) {
    const vi_json_value *v = vi_config_get(object, key);
    if (v == NULL || g->status != VIT_OK) return fallback;
    if (v->kind != VI_JSON_NUMBER) {
        wrong_type(g, key, v, "a number");
    } else if (!(v->number >= low && v->number <= high)) {
        g->status = vi_fail(g->error, VIT_ERROR_MODEL, "%s: %s is out of range", g->file, key);
    } else {
        return v->number;
    }
    return fallback;
}

bool vi_config_flag(vi_config *g, const vi_json_value *object, const char *key, bool fallback) {
    const vi_json_value *v = vi_config_get(object, key);
    if (v == NULL || g->status != VIT_OK) return fallback;
    if (v->kind == VI_JSON_TRUE || v->kind == VI_JSON_FALSE) return v->kind == VI_JSON_TRUE;
    wrong_type(g, key, v, "true or false");
    return fallback;
}

const char *vi_config_text(vi_config *g, const vi_json_value *object, const char *key, const char *fallback) {
    const vi_json_value *v = vi_config_get(object, key);
    if (v == NULL || g->status != VIT_OK) return fallback;
    if (v->kind == VI_JSON_STRING) return v->text;
    wrong_type(g, key, v, "a text");
    return fallback;
}

int32_t vi_config_word(vi_config *g, const vi_json_value *object, const char *key, const vi_word *words, size_t count,
                       int32_t fallback) {
    const char *text = vi_config_text(g, object, key, NULL);
    if (text == NULL) return fallback;
    for (size_t i = 0; i < count; i++)
        if (strcmp(text, words[i].text) == 0) return words[i].value;
    char found[64];
    g->status = vi_fail(g->error, VIT_ERROR_UNSUPPORTED, "%s: %s '%s' is not supported", g->file, key,
                        vi_printable(found, sizeof found, text, strlen(text)));
    return fallback;
}

bool vi_config_size(vi_config *g, const vi_json_value *object, const char *key, int32_t *height, int32_t *width) {
    const vi_json_value *v = vi_config_get(object, key);
    if (v == NULL || g->status != VIT_OK) return false;
    const vi_json_value *h = v, *w = v;
    if (v->kind == VI_JSON_ARRAY && v->count == 2) {
        h = v->child;
        w = h->next;
    } else if (v->kind == VI_JSON_OBJECT) {
        h = vi_config_get(v, "height");
        w = vi_config_get(v, "width");
    }
    if (h == NULL || w == NULL || h->kind != VI_JSON_NUMBER || w->kind != VI_JSON_NUMBER) {
        wrong_type(g, key, v, "a side, [height, width] or an object of height and width");
        return false;
    }
    int32_t down = whole(g, key, h, 1, VI_MAX_SIDE, 1);
    int32_t across = g->status == VIT_OK ? whole(g, key, w, 1, VI_MAX_SIDE, 1) : 1;
    if (g->status != VIT_OK) return false;
    *height = down;
    *width = across;
    return true;
}

bool vi_config_ints(vi_config *g, const vi_json_value *object, const char *key, int32_t low, int32_t high, int32_t *values,
                    uint32_t count) {
    const vi_json_value *v = vi_config_get(object, key);
    if (v == NULL || g->status != VIT_OK) return false;
    if (v->kind != VI_JSON_ARRAY || v->count != count) {
        g->status = vi_fail(g->error, VIT_ERROR_MODEL, "%s: %s is not a list of %lu numbers", g->file, key, (unsigned long)count);
        return false;
    }
    for (const vi_json_value *item = v->child; item != NULL && g->status == VIT_OK; item = item->next)
        *values++ = whole(g, key, item, low, high, low);
    return g->status == VIT_OK;
}

int32_t vi_config_reals(vi_config *g, const vi_json_value *object, const char *key, float *values, int32_t capacity) {
    const vi_json_value *v = vi_config_get(object, key);
    if (v == NULL || g->status != VIT_OK) return 0;
    bool list = v->kind == VI_JSON_ARRAY;
    if (!list && v->kind != VI_JSON_NUMBER) {
        wrong_type(g, key, v, "a number or a list of numbers");
        return 0;
    }
    int32_t count = 0;
    for (const vi_json_value *item = list ? v->child : v; item != NULL; item = list ? item->next : NULL) {
        if (item->kind != VI_JSON_NUMBER || !(fabs(item->number) <= FLT_MAX) || count == capacity) {
            g->status = vi_fail(g->error, VIT_ERROR_MODEL, "%s: %s is not a list of up to %ld finite numbers", g->file, key,
                                (long)capacity);
            return 0;
        }
        values[count++] = (float)item->number;
    }
    return count;
}
