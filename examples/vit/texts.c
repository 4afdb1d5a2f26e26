/* texts.c: see texts.h. */
#include "texts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "print.h"

bool texts_possible(const struct model *model) {
    if (model_number(model, VIT_INFO_TEXT_CONTEXT) == 0) {
        complain("%s has no text tower: it takes pictures only", model->name);
        return false;
    }
    if (model_number(model, VIT_INFO_TOKENIZER) != 0) return true;
    complain("%s came without a tokenizer; --tokenizer FILE gives one (tokenizer.json, merges.txt, spiece.model, ...)",
             model->name);
    return false;
}

static bool embed(const struct model *model, const char *text, float *out, size_t length) {
    int32_t status = vit_text(model->vit, &text, 1, out, length);
    if (status == VIT_OK) return true;
    complain("%s", vit_message(model->vit));
    return false;
}

/* "a photo of a {}" with the text in the place of {}; free it. NULL: out of memory. */
static char *filled(const char *template, const char *text) {
    const char *hole = strstr(template, "{}");
    size_t before = (size_t)(hole - template), length = strlen(text), after = strlen(hole + 2);
    char *joined = malloc(before + length + after + 1);
    if (joined == NULL) return NULL;
    memcpy(joined, template, before);
    memcpy(joined + before, text, length);
    memcpy(joined + before + length, hole + 2, after + 1);
    return joined;
}

static void add_normalised(float *sum, const float *x, size_t length) {
    double squares = 0;
    for (size_t i = 0; i < length; i++) squares += (double)x[i] * (double)x[i];
    double scale = squares > 0 ? 1 / sqrt(squares) : 0;
    for (size_t i = 0; i < length; i++) sum[i] += (float)((double)x[i] * scale);
}

static bool embed_in_templates(const struct model *model, const char *text, const char *const *templates, int count, float *one,
                               float *sum, size_t length) {
    memset(sum, 0, length * sizeof *sum);
    for (int i = 0; i < count; i++) {
        char *joined = filled(templates[i], text);
        bool good = joined != NULL && embed(model, joined, one, length);
        if (joined == NULL) complain("out of memory");
        free(joined);
        if (!good) return false;
        add_normalised(sum, one, length);
    }
    memcpy(one, sum, length * sizeof *one);
    memset(sum, 0, length * sizeof *sum);
    add_normalised(sum, one, length);
    return true;
}

bool texts_embed(const struct model *model, char *const *texts, int32_t count, const char *const *templates, int template_count,
                 float *out) {
    size_t length = (size_t)model_number(model, VIT_INFO_EMBEDDING);
    float *one = malloc(length * sizeof *one);
    bool good = one != NULL;
    if (!good) complain("out of memory");
    for (int32_t i = 0; good && i < count; i++, out += length)
        good = template_count == 0 ? embed(model, texts[i], out, length)
                                   : embed_in_templates(model, texts[i], templates, template_count, one, out, length);
    free(one);
    return good;
}
