/* classify.c: the simplest program: what does a picture show?
 *
 *     cc classify.c $(pkg-config --cflags --libs vit) -o classify
 *     ./classify cifar10/cifar10.vit picture.ppm */
#include <stdio.h>
#include <stdlib.h>

#include "ppm.h"
#include "vit.h"

enum { TOP = 5 };

static unsigned char pixels[PPM_ROOM];

/* values [count] is room for the logits, which become probabilities. */
static int classify(vit_context *vit, const vit_image *image, float *values, int32_t count) {
    int32_t best[TOP], top = count < TOP ? count : TOP;
    if (vit_forward(vit, image, 1, values, (size_t)count) != VIT_OK) {
        fprintf(stderr, "%s\n", vit_message(vit));
        return 1;
    }
    vit_softmax(values, count, values);
    vit_top(values, count, top, best);
    for (int32_t i = 0; i < top; i++) {
        int32_t class = best[i];
        printf("%.3f  class %d  %s\n", (double)values[class], (int)class, vit_label(vit, class));
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: classify MODEL PICTURE.ppm\n");
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
    int64_t classes = 0;
    vit_info_int(vit, VIT_INFO_CLASSES, &classes);
    float *values = malloc((size_t)classes * sizeof *values);
    int exit_code = 1;
    if (classes == 0) {
        fprintf(stderr, "%s has no classes\n", argv[1]);
    } else if (values) {
        exit_code = classify(vit, &image, values, (int32_t)classes);
    }
    free(values);
    vit_free(vit);
    return exit_code;
}
