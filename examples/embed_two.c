/* embed_two.c: how alike are two pictures? The cosine of the angle between their embeddings: 1 for equal pictures.
 *
 *     cc embed_two.c $(pkg-config --cflags --libs vit) -o embed_two
 *     ./embed_two cifar10/cifar10.vit one.ppm other.ppm */
#include <stdio.h>

#include "ppm.h"
#include "vit.h"

static unsigned char pixels[2][PPM_ROOM];

/* With VIT_OPT_NORMALIZE embeddings have length 1, so that their dot product is the cosine. */
static int32_t load(vit_context **vit, const char *path, char *why, size_t size) {
    vit_options *options = vit_options_create();
    if (options == NULL) {
        snprintf(why, size, "out of memory");
        return VIT_ERROR_MEMORY;
    }
    vit_options_set_int(options, VIT_OPT_MAX_BATCH, 2);
    vit_options_set_int(options, VIT_OPT_NORMALIZE, 1);
    int32_t status = vit_load(vit, path, options, why, size);
    vit_options_free(options);
    return status;
}

/* Embeddings are fetched as a view, [2, D], after a forward that need not write logits anywhere. */
static int32_t compare(vit_context *vit, const vit_image images[2], double *cosine) {
    const float *data;
    int64_t shape[4];
    int32_t rank, status = vit_forward(vit, images, 2, NULL, 0);
    if (status == VIT_OK) status = vit_output(vit, VIT_OUTPUT_EMBEDDING, 0, &data, shape, &rank);
    if (status != VIT_OK) return status;
    double sum = 0;
    for (int64_t i = 0; i < shape[1]; i++) sum += (double)data[i] * (double)data[shape[1] + i];
    *cosine = sum;
    return VIT_OK;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: embed_two MODEL ONE.ppm OTHER.ppm\n");
        return 2;
    }
    vit_image images[2];
    for (int i = 0; i < 2; i++) {
        if (!ppm_read(argv[2 + i], pixels[i], sizeof pixels[i], &images[i])) return 1;
    }
    vit_context *vit = NULL;
    char why[256];
    if (load(&vit, argv[1], why, sizeof why) != VIT_OK) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    double cosine = 0;
    int32_t status = compare(vit, images, &cosine);
    if (status == VIT_OK) {
        printf("cosine similarity %.6f\n", cosine);
    } else {
        fprintf(stderr, "%s\n", vit_message(vit));
    }
    vit_free(vit);
    return status == VIT_OK ? 0 : 1;
}
