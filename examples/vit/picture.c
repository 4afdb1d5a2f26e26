/* picture.c: what kind of picture a file is, and which reader takes it. */
#include "picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A PPM in plain text of the largest size would be longer; nobody has one. */
#define FILE_MAX ((size_t)PICTURE_SIDE_MAX * PICTURE_SIDE_MAX * 4 + 4096)

struct kind {
    const char *name;
    const char *magic;
    size_t at, length; /* of the magic */
    picture_reader *read; /* NULL: this build does not read it */
    const char *package;  /* that would make it readable */
};

#ifdef VIT_HAVE_PNG
#define PNG_READER picture_from_png
#else
#define PNG_READER NULL
#endif

#ifdef VIT_HAVE_JPEG
#define JPEG_READER picture_from_jpeg
#else
#define JPEG_READER NULL
#endif

static const struct kind kinds[] = {
    {"PPM", "P6", 0, 2, picture_from_netpbm, NULL},
    {"PPM", "P3", 0, 2, picture_from_netpbm, NULL},
    {"PGM", "P5", 0, 2, picture_from_netpbm, NULL},
    {"PGM", "P2", 0, 2, picture_from_netpbm, NULL},
    {"BMP", "BM", 0, 2, picture_from_bmp, NULL},
    {"PNG", "\x89PNG\r\n\x1A\n", 0, 8, PNG_READER, "libpng-dev"},
    {"JPEG", "\xFF\xD8\xFF", 0, 3, JPEG_READER, "libjpeg-dev"},
    /* Named, so that the message can name them. */
    {"PBM", "P1", 0, 2, NULL, NULL},
    {"PBM", "P4", 0, 2, NULL, NULL},
    {"PAM", "P7", 0, 2, NULL, NULL},
    {"GIF", "GIF8", 0, 4, NULL, NULL},
    {"WebP", "WEBP", 8, 4, NULL, NULL},
    {"TIFF", "II*\0", 0, 4, NULL, NULL},
    {"TIFF", "MM\0*", 0, 4, NULL, NULL},
    {"HEIF or AVIF", "ftyp", 4, 4, NULL, NULL},
    {"JPEG XL", "\xFF\x0A", 0, 2, NULL, NULL},
};
#define KINDS (sizeof kinds / sizeof *kinds)

static const struct kind *kind_of(const struct file *file) {
    for (size_t i = 0; i < KINDS; i++) {
        const struct kind *k = &kinds[i];
        if (file->size >= k->at + k->length && memcmp(file->data + k->at, k->magic, k->length) == 0) return k;
    }
    return NULL;
}

const char *picture_kinds(void) {
#if defined(VIT_HAVE_PNG) && defined(VIT_HAVE_JPEG)
    return "PPM PGM BMP PNG JPEG";
#elif defined(VIT_HAVE_PNG)
    return "PPM PGM BMP PNG";
#elif defined(VIT_HAVE_JPEG)
    return "PPM PGM BMP JPEG";
#else
    return "PPM PGM BMP";
#endif
}

const char *picture_shown_name(const char *path) {
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

/* reason is without the name. */
static bool decode(struct picture *picture, struct file *file, const char *name, struct why *why) {
    struct why reason = {""};
    if (file->size == 0) return refuse(why, "%s is empty", name);
    const struct kind *kind = kind_of(file);
    if (kind == NULL) return refuse(why, "%s is not a picture that vit knows; it reads %s", name, picture_kinds());
    if (kind->read == NULL && kind->package) {
        return refuse(why,
                      "%s is a %s picture, and this vit was built without %s support: apt install %s, then make clean and make",
                      name, kind->name, kind->name, kind->package);
    }
    if (kind->read == NULL) {
        return refuse(why, "%s is a %s picture, which vit does not read; it reads %s", name, kind->name, picture_kinds());
    }
    if (kind->read(picture, file, &reason)) return true;
    picture_free(picture);
    return refuse(why, "%s: %s", name, reason.text);
}

bool picture_read(struct picture *picture, const char *path, struct why *why) {
    struct file file;
    struct why reason;
    *picture = (struct picture){0};
    if (!file_read(&file, path, FILE_MAX, &reason)) return refuse(why, "%s: %s", picture_shown_name(path), reason.text);
    bool good = decode(picture, &file, picture_shown_name(path), why);
    file_free(&file);
    return good;
}

void picture_free(struct picture *picture) {
    free(picture->memory);
    *picture = (struct picture){0};
}

bool picture_check_size(int64_t width, int64_t height, struct why *why) {
    if (width >= 1 && height >= 1 && width <= PICTURE_SIDE_MAX && height <= PICTURE_SIDE_MAX) return true;
    return refuse(why, "%lld x %lld pixels; both sides must be from 1 to %d", (long long)width, (long long)height,
                  PICTURE_SIDE_MAX);
}

bool picture_allocate(struct picture *picture, int64_t width, int64_t height, int32_t format, struct why *why) {
    size_t bytes = format == VIT_PIXELS_GRAY8 ? 1 : 3;
    picture->memory = malloc((size_t)width * (size_t)height * bytes);
    if (picture->memory == NULL) {
        return refuse(why, "out of memory for %lld x %lld pixels", (long long)width, (long long)height);
    }
    picture->image.planes[0] = picture->memory;
    picture->image.format = format;
    picture->image.width = (int32_t)width;
    picture->image.height = (int32_t)height;
    return true;
}
