/* stepwise.c: a forward in small pieces, for a game's frame loop or a watchdog: no frame computes for longer than its budget.
 *
 *     cc stepwise.c $(pkg-config --cflags --libs vit) -o stepwise
 *     ./stepwise cifar10/cifar10.vit picture.ppm */
#include <stdio.h>
#include <time.h>

#include "ppm.h"
#include "vit.h"

#define FRAME_BUDGET 0.002 /* seconds of each frame that the model may have */
enum { CLASSES_MAX = 1000 };

static unsigned char pixels[PPM_ROOM];
static float logits[CLASSES_MAX];

/* Of this process; good enough for a demonstration on one thread. */
static double seconds(void) {
    return (double)clock() / CLOCKS_PER_SEC;
}

/* One frame: as many pieces as fit. A piece that has begun is finished, so the budget can be passed by one piece. */
static int32_t step_for_a_frame(vit_context *vit, int32_t *left) {
    double start = seconds();
    int32_t status = VIT_OK;
    while (*left > 0 && status == VIT_OK && seconds() - start < FRAME_BUDGET) status = vit_step(vit, 1, left);
    return status;
}

static int32_t run(vit_context *vit, const vit_image *image, int *frames) {
    int64_t units = 0;
    vit_info_int(vit, VIT_INFO_UNITS, &units);
    int32_t left = (int32_t)units, status = vit_begin(vit, image, 1);
    for (*frames = 0; status == VIT_OK && left > 0; ++*frames) {
        status = step_for_a_frame(vit, &left);
        /* the rest of the game's frame goes here */
    }
    return status == VIT_OK ? vit_end(vit, logits, CLASSES_MAX) : status;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: stepwise MODEL PICTURE.ppm\n");
        return 2;
    }
    vit_image image;
    if (!ppm_read(argv[2], pixels, sizeof pixels, &image)) return 1;
    vit_context *vit = NULL;
    char why[256];
    if (vit_load(&vit, argv[1], NULL, why, sizeof why) != VIT_OK) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    int64_t outputs = 0, units = 0;
    int frames = 0;
    vit_info_int(vit, VIT_INFO_OUTPUTS, &outputs);
    vit_info_int(vit, VIT_INFO_UNITS, &units);
    int32_t best = 0, status = run(vit, &image, &frames);
    if (status != VIT_OK) {
        fprintf(stderr, "%s\n", vit_message(vit));
    } else {
        vit_top(logits, (int32_t)outputs, 1, &best);
        printf("class %d %s after %d frames of %lld pieces in all\n", (int)best, vit_label(vit, best), frames, (long long)units);
    }
    vit_free(vit);
    return status == VIT_OK ? 0 : 1;
}
