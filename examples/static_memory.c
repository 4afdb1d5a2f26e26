/* static_memory.c: no heap at all, as on a camera: the model lies in flash, everything else in one static array.
 *
 *     cc static_memory.c $(pkg-config --cflags --libs vit) -o static_memory
 *     ./static_memory --plan cifar10/cifar10.vit          on the developer's machine: how large must the array be?
 *     ./static_memory cifar10/cifar10.vit picture.ppm     on the device
 *
 * A .vit file is used in place: the array then holds little more than the activations. */
#include <stdalign.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "ppm.h"
#include "vit.h"

enum { FLASH_SIZE = 64 << 20, RAM_SIZE = 64 << 20, OPTIONS_SIZE = 1024, CLASSES_MAX = 1000 };

static alignas(64) unsigned char flash[FLASH_SIZE]; /* stands for a `const` array or a memory-mapped flash */
static alignas(64) unsigned char ram[RAM_SIZE];
static alignas(max_align_t) unsigned char options_memory[OPTIONS_SIZE];
static unsigned char pixels[PPM_ROOM]; /* stands for the camera's frame */
static float logits[CLASSES_MAX];

/* Returns the size, 0 when it does not fit. */
static size_t fill_flash(const char *path) {
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(flash, 1, sizeof flash, file) : 0;
    if (file) fclose(file);
    if (size > 0 && size < sizeof flash) return size;
    fprintf(stderr, "%s: not there or larger than %d bytes\n", path, FLASH_SIZE - 1);
    return 0;
}

static int plan(size_t size, const vit_options *options) {
    uint64_t bytes;
    char why[256];
    if (vit_plan(flash, size, options, &bytes, why, sizeof why) != VIT_OK) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    printf("the model is %zu bytes; it runs in %llu more\n", size, (unsigned long long)bytes);
    return 0;
}

static int run(size_t size, vit_options *options, const char *picture) {
    vit_context *vit = NULL;
    vit_image image;
    char why[256];
    if (!ppm_read(picture, pixels, sizeof pixels, &image)) return 1;
    vit_options_set_memory(options, ram, sizeof ram);
    if (vit_load_memory(&vit, flash, size, options, why, sizeof why) != VIT_OK) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    int64_t classes = 0;
    int32_t best = 0, status;
    vit_info_int(vit, VIT_INFO_CLASSES, &classes);
    status = vit_forward(vit, &image, 1, logits, CLASSES_MAX);
    if (status != VIT_OK || classes == 0) {
        fprintf(stderr, "%s\n", status != VIT_OK ? vit_message(vit) : "the model has no classes");
    } else {
        vit_top(logits, (int32_t)classes, 1, &best);
        printf("class %d %s, logit %.4f\n", (int)best, vit_label(vit, best), (double)logits[best]);
    }
    vit_free(vit); /* frees nothing, but ends what the context may have begun */
    return status == VIT_OK && classes > 0 ? 0 : 1;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: static_memory --plan MODEL\n       static_memory MODEL PICTURE.ppm\n");
        return 2;
    }
    int is_plan = strcmp(argv[1], "--plan") == 0;
    vit_options *options = vit_options_init(options_memory, sizeof options_memory);
    size_t size = fill_flash(argv[is_plan ? 2 : 1]);
    if (options == NULL || size == 0) return 1;
    vit_options_set_int(options, VIT_OPT_IN_PLACE, 1);
    return is_plan ? plan(size, options) : run(size, options, argv[2]);
}
