/* run.c: the pictures of a command line, decoded and computed batch by batch. A bad picture costs only itself. */
#include "run.h"

#include <stdlib.h>
#include <string.h>

#include "print.h"

#define BATCH_MAX 8 /* unless asked for more: larger batches gain little on a CPU and hold more pictures in memory */

struct slot {
    struct picture picture;
    int32_t width, height;
    struct why why;
    bool good;
};

struct batch {
    struct slot *slots; /* [room] */
    vit_image *images;  /* [room]: of the good slots, in order */
    float *values;      /* [room, length]: likewise */
    int32_t room, length, output;
};

int64_t run_batch(const struct args *args) {
    int64_t wanted = args->batch ? args->batch : BATCH_MAX;
    return args->operand_count - 1 < wanted ? args->operand_count - 1 : wanted;
}

static bool batch_open(struct batch *b, const struct model *model, int32_t output) {
    b->output = output;
    b->room = (int32_t)model_number(model, VIT_INFO_MAX_BATCH);
    b->length = (int32_t)model_number(model, output == VIT_OUTPUT_LOGITS ? VIT_INFO_CLASSES : VIT_INFO_EMBEDDING);
    b->slots = calloc((size_t)b->room, sizeof *b->slots);
    b->images = calloc((size_t)b->room, sizeof *b->images);
    b->values = calloc((size_t)b->room * (size_t)b->length, sizeof *b->values);
    if (b->slots && b->images && b->values) return true;
    complain("out of memory");
    return false;
}

static void batch_close(struct batch *b) {
    free(b->slots);
    free(b->images);
    free(b->values);
}

/* values [n, length]. */
static int32_t forward(struct model *model, const struct batch *b, const vit_image *images, int32_t n, float *values) {
    size_t count = (size_t)n * (size_t)b->length;
    if (b->output == VIT_OUTPUT_LOGITS) return vit_forward(model->vit, images, n, values, count);
    const float *data;
    int64_t shape[4];
    int32_t rank, status = vit_forward(model->vit, images, n, NULL, 0);
    if (status == VIT_OK) status = vit_output(model->vit, b->output, 0, &data, shape, &rank);
    if (status == VIT_OK) memcpy(values, data, count * sizeof *values);
    return status;
}

/* Computes the good slots together; when that fails, each on its own, to learn which picture was to blame. */
static void batch_forward(struct model *model, struct batch *b, char *const *paths, int32_t n) {
    int32_t good = 0;
    for (int32_t i = 0; i < n; i++) {
        if (b->slots[i].good) b->images[good++] = b->slots[i].picture.image;
    }
    if (good == 0 || (good > 1 && forward(model, b, b->images, good, b->values) == VIT_OK)) return;
    float *values = b->values;
    for (int32_t i = 0; i < n; i++) {
        struct slot *slot = &b->slots[i];
        if (!slot->good) continue;
        int32_t status = forward(model, b, &slot->picture.image, 1, values);
        if (status == VIT_OK) {
            values += b->length;
            continue;
        }
        const char *message = vit_message(model->vit);
        refuse(&slot->why, "%s: %s", picture_shown_name(paths[i]), *message ? message : vit_status_text(status));
        slot->good = false;
    }
}

int run_pictures(struct model *model, const struct args *args, int32_t output, void (*show)(void *user, const struct outcome *),
                 void *user) {
    struct batch b = {0};
    char *const *paths = args->operands + 1;
    int32_t count = args->operand_count - 1;
    int exit_code = EXIT_OK;
    if (!batch_open(&b, model, output)) {
        exit_code = EXIT_FAILED;
        count = 0;
    }
    for (int32_t first = 0; first < count; first += b.room) {
        int32_t n = count - first < b.room ? count - first : b.room;
        for (int32_t i = 0; i < n; i++) {
            struct slot *slot = &b.slots[i];
            slot->good = picture_read(&slot->picture, paths[first + i], &slot->why);
            slot->width = slot->picture.image.width;
            slot->height = slot->picture.image.height;
        }
        batch_forward(model, &b, paths + first, n);
        const float *values = b.values;
        for (int32_t i = 0; i < n; i++) {
            struct slot *slot = &b.slots[i];
            struct outcome outcome = {paths[first + i], slot->width, slot->height, slot->good ? values : NULL, &slot->why};
            if (slot->good) {
                values += b.length;
            } else {
                complain("%s", slot->why.text);
                exit_code = EXIT_FAILED;
            }
            show(user, &outcome);
            picture_free(&slot->picture);
        }
    }
    batch_close(&b);
    return exit_code;
}
