/* overrides.c: --set KEY=VALUE: what the user knows better than the checkpoint says. */
#include "overrides.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "print.h"

enum { WORDS_MOST = 7, CHANNELS_MOST = 16 };

enum kind { INTEGER, REAL, VECTOR, WORD };

/* Words are in the order of the values they stand for, which begin at 0. */
static const struct override {
    const char *key;
    enum kind kind;
    int32_t option;
    const char *words[WORDS_MOST + 1];
} overrides[] = {
    {"heads", INTEGER, VIT_OPT_HEADS, {NULL}},
    {"text_heads", INTEGER, VIT_OPT_TEXT_HEADS, {NULL}},
    {"activation", WORD, VIT_OPT_ACTIVATION, {"gelu", "gelu_tanh", "quick_gelu", "relu", "silu"}},
    {"pool", WORD, VIT_OPT_POOL, {"token", "mean", "max", "mean_max", "attention", "token_mean"}},
    {"eps", REAL, VIT_OPT_EPS, {NULL}},
    {"resize", WORD, VIT_OPT_RESIZE, {"none", "squash", "shortest", "pad"}},
    {"filter", WORD, VIT_OPT_FILTER, {"nearest", "lanczos", "bilinear", "bicubic", "box", "hamming", "tf-bilinear"}},
    {"passes", WORD, VIT_OPT_PASSES, {"horizontal", "pillow13"}},
    {"crop", REAL, VIT_OPT_CROP, {NULL}},
    {"mean", VECTOR, VIT_OPT_MEAN, {NULL}},
    {"std", VECTOR, VIT_OPT_STD, {NULL}},
    {"position", WORD, VIT_OPT_POSITION, {"bicubic_antialias", "bicubic", "bilinear", "bicubic_offset", "zoom"}},
};
#define OVERRIDES (sizeof overrides / sizeof *overrides)

const char *override_keys(void) {
    return "heads, text_heads, activation, pool, eps, resize, filter, passes, crop, mean, std, position";
}

const char *override_word(int32_t option, int64_t value) {
    for (size_t i = 0; i < OVERRIDES; i++) {
        if (overrides[i].option != option) continue;
        for (int64_t w = 0; w < WORDS_MOST && overrides[i].words[w]; w++) {
            if (w == value) return overrides[i].words[w];
        }
    }
    return "unknown";
}

/* Says which words there are. */
static bool refuse_word(const struct override *o, const char *value) {
    char list[128] = "";
    size_t used = 0;
    for (int w = 0; w < WORDS_MOST && o->words[w] && used < sizeof list; w++) {
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", w ? ", " : "", o->words[w]);
    }
    complain("--set %s wants one of %s, not '%s'", o->key, list, value);
    return false;
}

static bool set_word(vit_options *options, const struct override *o, const char *value) {
    for (int w = 0; w < WORDS_MOST && o->words[w]; w++) {
        if (strcmp(o->words[w], value) == 0) return options == NULL || vit_options_set_int(options, o->option, w) == VIT_OK;
    }
    return refuse_word(o, value);
}

/* Numbers separated by commas; how many, 0 when something else is there. */
static int32_t scan_numbers(const char *text, float numbers[CHANNELS_MOST]) {
    for (int32_t count = 0; count < CHANNELS_MOST;) {
        char *end = NULL;
        numbers[count++] = strtof(text, &end);
        if (end == text || (*end != ',' && *end != '\0')) return 0;
        if (*end == '\0') return count;
        text = end + 1;
    }
    return 0;
}

static bool set_number(vit_options *options, const struct override *o, const char *value) {
    float numbers[CHANNELS_MOST];
    int32_t count = scan_numbers(value, numbers), status = VIT_OK;
    char *end = NULL;
    if (count == 0 || (o->kind != VECTOR && count != 1) || (o->kind == INTEGER && (strtol(value, &end, 10), *end != '\0'))) {
        complain("--set %s wants %s, not '%s'", o->key,
                 o->kind == VECTOR ? "numbers separated by commas"
                 : o->kind == REAL ? "a number"
                                   : "a whole number",
                 value);
        return false;
    }
    if (options == NULL) return true;
    if (o->kind == VECTOR) status = vit_options_set_vector(options, o->option, numbers, count);
    if (o->kind == REAL) status = vit_options_set_real(options, o->option, strtod(value, NULL));
    if (o->kind == INTEGER) status = vit_options_set_int(options, o->option, strtol(value, NULL, 10));
    if (status != VIT_OK) complain("--set %s: %s is out of range", o->key, value);
    return status == VIT_OK;
}

bool override_set(vit_options *options, const char *setting) {
    const char *equals = strchr(setting, '=');
    size_t length = equals ? (size_t)(equals - setting) : 0;
    for (size_t i = 0; i < OVERRIDES; i++) {
        const struct override *o = &overrides[i];
        if (strlen(o->key) != length || strncmp(o->key, setting, length) != 0) continue;
        return o->kind == WORD ? set_word(options, o, equals + 1) : set_number(options, o, equals + 1);
    }
    complain("--set wants KEY=VALUE with a KEY of %s, not '%s'", override_keys(), setting);
    return false;
}
