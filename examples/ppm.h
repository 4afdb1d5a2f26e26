/* ppm.h: the least that the small examples need to read a picture: a binary PPM (P6, 8 bits) into the caller's memory. The tool
 * in examples/vit reads more kinds. */
#ifndef PPM_H
#define PPM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "vit.h"

#define PPM_ROOM (3 * 4096 * 4096) /* bytes: enough for 16 million pixels */

/* Fills pixels and describes them in *image. On false it has said why. */
static inline bool ppm_read(const char *path, unsigned char *pixels, size_t room, vit_image *image) {
    FILE *file = fopen(path, "rb");
    int width = 0, height = 0, largest = 0;
    bool good = file && fscanf(file, "P6 %d %d %d", &width, &height, &largest) == 3 && largest == 255 && fgetc(file) != EOF;
    good = good && width > 0 && height > 0 && (size_t)width <= room / 3 / (size_t)height;
    good = good && fread(pixels, 3 * (size_t)width, (size_t)height, file) == (size_t)height;
    if (file) fclose(file);
    if (!good) {
        fprintf(stderr, "%s: not there, or not a binary PPM of 8 bits, or too large\n", path);
        return false;
    }
    *image = (vit_image){0};
    image->format = VIT_PIXELS_RGB8;
    image->width = width;
    image->height = height;
    image->planes[0] = pixels;
    return true;
}

#endif
