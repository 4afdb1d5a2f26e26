/* picture_jpeg.c: JPEG through libjpeg, with its default slow-integer DCT and smooth chroma, so that pixels equal Pillow's. */
#include "picture.h"

#ifdef VIT_HAVE_JPEG

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

/* A progressive file may hold any number of passes over the whole picture; real ones have about ten. */
#define SCANS_MAX 500

/* Everything that must survive a longjmp out of libjpeg. */
struct reading {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf escape;
    struct picture *picture;
    struct why *why;
};

static void on_error(j_common_ptr jpeg) {
    struct reading *r = jpeg->client_data;
    char text[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, text);
    refuse(r->why, "broken or unsupported JPEG: %s", text);
    longjmp(r->escape, 1);
}

/* libjpeg fills what is missing of a truncated file with grey and warns: that is no picture to classify. Lesser warnings pass,
 * as in Pillow. */
static void on_message(j_common_ptr jpeg, int level) {
    struct reading *r = jpeg->client_data;
    if (level >= 0 || jpeg->err->msg_code != JWRN_JPEG_EOF) return;
    refuse(r->why, "truncated JPEG");
    longjmp(r->escape, 1);
}

static void on_progress(j_common_ptr jpeg) {
    struct reading *r = jpeg->client_data;
    if (r->jpeg.input_scan_number <= SCANS_MAX) return;
    refuse(r->why, "a JPEG of more than %d scans", SCANS_MAX);
    longjmp(r->escape, 1);
}

/* CMYK as Adobe writes it, inverted, to RGB: colour * black / 255, rounded. */
static void convert_cmyk(const unsigned char *from, unsigned char *to, size_t width) {
    for (size_t x = 0; x < width; x++, from += 4, to += 3) {
        for (size_t c = 0; c < 3; c++) {
            unsigned product = (255u - from[c]) * from[3] + 128;
            to[c] = (unsigned char)(from[3] - ((product + (product >> 8)) >> 8));
        }
    }
}

static bool decode(struct reading *r, struct file *file) {
    struct jpeg_decompress_struct *jpeg = &r->jpeg;
    if (setjmp(r->escape) != 0) return false;
    jpeg_create_decompress(jpeg);
    jpeg->progress = &r->progress;
    jpeg_mem_src(jpeg, file->data, (unsigned long)file->size);
    jpeg_read_header(jpeg, TRUE);
    if (!picture_check_size(jpeg->image_width, jpeg->image_height, r->why)) return false;
    bool is_gray = jpeg->jpeg_color_space == JCS_GRAYSCALE;
    bool is_cmyk = jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
    jpeg->out_color_space = is_gray ? JCS_GRAYSCALE : is_cmyk ? JCS_CMYK : JCS_RGB;
    int32_t format = is_gray ? VIT_PIXELS_GRAY8 : VIT_PIXELS_RGB8;
    if (!picture_allocate(r->picture, jpeg->image_width, jpeg->image_height, format, r->why)) return false;
    jpeg_start_decompress(jpeg);
    size_t width = jpeg->output_width, stride = width * (is_gray ? 1 : 3);
    JSAMPARRAY ink = is_cmyk ? jpeg->mem->alloc_sarray((j_common_ptr)jpeg, JPOOL_IMAGE, (JDIMENSION)(4 * width), 1) : NULL;
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = r->picture->memory + jpeg->output_scanline * stride;
        jpeg_read_scanlines(jpeg, ink ? ink : &row, 1);
        if (ink) convert_cmyk(ink[0], row, width);
    }
    jpeg_finish_decompress(jpeg);
    return true;
}

bool picture_from_jpeg(struct picture *picture, struct file *file, struct why *why) {
    struct reading r;
    memset(&r, 0, sizeof r);
    r.picture = picture;
    r.why = why;
    r.jpeg.err = jpeg_std_error(&r.errors);
    r.jpeg.client_data = &r;
    r.errors.error_exit = on_error;
    r.errors.emit_message = on_message;
    r.progress.progress_monitor = on_progress;
    bool good = decode(&r, file);
    jpeg_destroy_decompress(&r.jpeg);
    return good;
}

#else

typedef int picture_jpeg_is_not_built; /* ISO C wants something in a file */

#endif
