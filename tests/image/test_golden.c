/* test_golden.c: results against Pillow's, bit for bit: golden.txt (make_golden.py), and photographs where they are. */
#include "pictures.h"

static void check_case(const golden_case *c, const vit_image *image, const char *name, int number) {
    float *out = prepared(&c->pipeline, image);
    uint32_t crc = out ? crc32_of(out, output_count(&c->pipeline)) : 0;
    CHECK(crc == c->crc, "%s case %d: %d x %d, resize %d, filter %d, passes %d: %08x, expected %08x", name, number, image->width,
          image->height, c->pipeline.resize, c->pipeline.filter, c->pipeline.pass_order, (unsigned)crc, (unsigned)c->crc);
    free(out);
}

static void random_pictures_match_pillow(void) {
    FILE *f = fopen("tests/image/golden.txt", "r");
    golden_case c;
    int count = 0;
    CHECK(f != NULL, "tests/image/golden.txt is missing: run from the repository's root");
    if (!f) return;
    for (; read_case(f, &c); count++) {
        size_t bytes = (size_t)c.picture[WIDTH] * (size_t)c.picture[HEIGHT] * (size_t)pixel_bytes(c.picture[FORMAT]);
        guarded pixels = guard(bytes); /* reading past the last pixel is caught */
        fill_picture(pixels.data, bytes, c.picture[KIND], (unsigned long long)c.picture[SEED]);
        vit_image image = image_of(&c, pixels.data);
        check_case(&c, &image, "golden.txt", count + 1);
        unguard(pixels);
    }
    fclose(f);
    CHECK(count == 764, "%d cases read", count);
}

/* The rows of an uncompressed 24-bit BMP, last row first in memory: exactly what negative strides are for. NULL when absent. */
static unsigned char *read_bmp(const char *name, vit_image *image) {
    char path[512];
    unsigned char header[54], *rows = NULL;
    snprintf(path, sizeof path, "%s/images/photos/%s", test_shared(), name);
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    if (fread(header, 1, sizeof header, f) == sizeof header && header[28] == 24) {
        long start = header[10] | header[11] << 8;
        int width = header[18] | header[19] << 8, height = header[22] | header[23] << 8, stride = (width * 3 + 3) / 4 * 4;
        size_t bytes = (size_t)stride * (size_t)height;
        rows = malloc(bytes);
        if (rows && (fseek(f, start, SEEK_SET) != 0 || fread(rows, 1, bytes, f) != bytes)) {
            free(rows);
            rows = NULL;
        }
        if (rows) image->planes[0] = rows + (size_t)(height - 1) * (size_t)stride;
        image->strides[0] = -stride;
    }
    fclose(f);
    return rows;
}

static void photographs_match_pillow(void) {
    FILE *f = fopen("tests/image/golden_photographs.txt", "r");
    golden_case c;
    char name[64];
    int count = 0;
    CHECK(f != NULL, "tests/image/golden_photographs.txt is missing");
    if (!f) return;
    for (; fscanf(f, "%63s", name) == 1 && read_case(f, &c); count++) {
        vit_image image = image_of(&c, NULL);
        unsigned char *rows = read_bmp(name, &image);
        if (rows) {
            check_case(&c, &image, name, count + 1);
        } else {
            SKIP("no %s/images/photos/%s", test_shared(), name);
        }
        free(rows);
    }
    fclose(f);
    CHECK(count == 8, "%d cases read", count);
}

TEST_MAIN(random_pictures_match_pillow, photographs_match_pillow)
