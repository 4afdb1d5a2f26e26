/* picture.h: picture files to pixels. PPM, PGM and BMP are read here; PNG and JPEG through libpng and libjpeg where the tool
 * was built with them. A colour profile, a gamma value and an EXIF orientation are not applied: the reference pipelines do not
 * either. */
#ifndef PICTURE_H
#define PICTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "file.h"
#include "vit.h"

#define PICTURE_SIDE_MAX 16384 /* pixels; also the library's default limit */

struct picture {
    vit_image image;       /* points into memory */
    unsigned char *memory; /* owned */
};

/* Reads a file, or standard input for "-". What it is is found from its first bytes, never from its name. On false why says
 * what is wrong, in one sentence that begins with the name, and there is nothing to free. */
bool picture_read(struct picture *picture, const char *path, struct why *why);
void picture_free(struct picture *picture);
const char *picture_shown_name(const char *path); /* "standard input" for "-" */
const char *picture_kinds(void);                  /* "PPM PGM BMP PNG": what this build reads */

/* ---- for the readers, one per file format ------------------------------------------------------------------------------- */

/* They may use the file's memory for the pixels, by moving file->data to picture->memory. */
typedef bool picture_reader(struct picture *picture, struct file *file, struct why *why);
picture_reader picture_from_netpbm, picture_from_bmp, picture_from_png, picture_from_jpeg;

/* Refuses sizes that are not 1..PICTURE_SIDE_MAX. */
bool picture_check_size(int64_t width, int64_t height, struct why *why);
/* Sets the size and the format, RGB8 or GRAY8, and allocates rows without gaps. The size must have been checked. */
bool picture_allocate(struct picture *picture, int64_t width, int64_t height, int32_t format, struct why *why);

#endif
