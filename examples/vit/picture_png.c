/* picture_png.c: PNG through libpng. Grey stays grey; palettes become RGB; 16 bits lose the lower 8; alpha is dropped. */
#include "picture.h"

#ifdef VIT_HAVE_PNG

#include <png.h>
#include <setjmp.h>
#include <string.h>

/* Everything that must survive a longjmp out of libpng. */
struct reading {
    png_structp png;
    png_infop info;
    struct picture *picture;
    const unsigned char *at, *end; /* what is left of the file */
    struct why *why;
};

static void on_error(png_structp png, png_const_charp text) {
    struct reading *r = png_get_error_ptr(png);
    refuse(r->why, "broken or truncated PNG: %s", text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

static void give_bytes(png_structp png, png_bytep to, size_t size) {
    struct reading *r = png_get_io_ptr(png);
    if ((size_t)(r->end - r->at) < size) png_error(png, "the file ends too early");
    memcpy(to, r->at, size);
    r->at += size;
}

static void ask_for_8_bits_without_alpha(struct reading *r) {
    int color = png_get_color_type(r->png, r->info);
    if (color == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(r->png);
    if (color == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(r->png);
    png_set_strip_16(r->png);
    png_set_strip_alpha(r->png);
}

static bool decode(struct reading *r) {
    if (setjmp(png_jmpbuf(r->png)) != 0) return false;
    png_set_read_fn(r->png, r, give_bytes);
    png_set_user_limits(r->png, 0x7FFFFFFF, 0x7FFFFFFF); /* so that too large ones get our message */
    png_read_info(r->png, r->info);
    int64_t width = png_get_image_width(r->png, r->info), height = png_get_image_height(r->png, r->info);
    if (!picture_check_size(width, height, r->why)) return false;
    ask_for_8_bits_without_alpha(r);
    int passes = png_set_interlace_handling(r->png);
    png_read_update_info(r->png, r->info);
    int channels = png_get_channels(r->png, r->info);
    if ((channels != 1 && channels != 3) || png_get_bit_depth(r->png, r->info) != 8) {
        return refuse(r->why, "a PNG of %d channels", channels);
    }
    int32_t format = channels == 3 ? VIT_PIXELS_RGB8 : VIT_PIXELS_GRAY8;
    if (!picture_allocate(r->picture, width, height, format, r->why)) return false;
    size_t stride = (size_t)width * (size_t)channels;
    for (int pass = 0; pass < passes; pass++) {
        for (size_t y = 0; y < (size_t)height; y++) png_read_row(r->png, r->picture->memory + y * stride, NULL);
    }
    png_read_end(r->png, NULL);
    return true;
}

bool picture_from_png(struct picture *picture, struct file *file, struct why *why) {
    struct reading r = {NULL, NULL, picture, file->data, file->data + file->size, why};
    r.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &r, on_error, on_warning);
    if (r.png) r.info = png_create_info_struct(r.png);
    bool good = r.info ? decode(&r) : refuse(why, "libpng could not be started: out of memory, or the wrong version");
    png_destroy_read_struct(&r.png, &r.info, NULL);
    return good;
}

#else

typedef int picture_png_is_not_built; /* ISO C wants something in a file */

#endif
