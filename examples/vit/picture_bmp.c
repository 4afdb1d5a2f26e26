/* picture_bmp.c: Windows bitmaps: uncompressed, of 24 or 32 bits a pixel or of 8 with a palette, bottom-up or top-down.
 * Pixels of 24 and 32 bits stay where the file has them: BGR order and reversed rows are what vit_image describes. */
#include "picture.h"

#include <stdlib.h>
#include <string.h>

enum { FILE_HEADER = 14, CORE_HEADER = 12, INFO_HEADER = 40 };
enum { UNCOMPRESSED = 0, BIT_FIELDS = 3, ALPHA_BIT_FIELDS = 6 };

struct header {
    int64_t width, height; /* height < 0: top-down */
    uint32_t size;         /* of the header after the file header */
    uint32_t pixels_at;    /* offset in the file */
    uint32_t bits, compression, colors;
    int32_t format; /* of pixels of 24 and 32 bits: VIT_PIXELS_* */
};

static uint32_t get16(const unsigned char *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t get32(const unsigned char *p) {
    return get16(p) | get16(p + 2) << 16;
}

static int64_t get_signed32(const unsigned char *p) {
    int64_t value = get32(p);
    return value >= INT64_C(0x80000000) ? value - INT64_C(0x100000000) : value;
}

/* Of a 32-bit picture with colour masks, only whole bytes in one of the two usual orders are read. */
static int32_t format_of_masks(const unsigned char *masks) {
    uint32_t red = get32(masks), green = get32(masks + 4), blue = get32(masks + 8);
    if (green != 0xFF00) return 0;
    if (red == 0xFF0000 && blue == 0xFF) return VIT_PIXELS_BGRA8;
    if (red == 0xFF && blue == 0xFF0000) return VIT_PIXELS_RGBA8;
    return 0;
}

static bool read_header(struct header *h, const struct file *file, struct why *why) {
    const unsigned char *p = file->data;
    *h = (struct header){0};
    if (file->size < FILE_HEADER + CORE_HEADER) return refuse(why, "truncated in the header");
    h->pixels_at = get32(p + 10);
    h->size = get32(p + 14);
    if (h->size == CORE_HEADER) {
        h->width = get16(p + 18);
        h->height = get16(p + 20);
        h->bits = get16(p + 24);
    } else if (h->size >= INFO_HEADER && h->size <= 1024 && file->size >= FILE_HEADER + (size_t)h->size) {
        h->width = get_signed32(p + 18);
        h->height = get_signed32(p + 22);
        h->bits = get16(p + 28);
        h->compression = get32(p + 30);
        h->colors = get32(p + 46);
    } else {
        return refuse(why, "broken: a header of %lu bytes in a file of %zu", (unsigned long)h->size, file->size);
    }
    return picture_check_size(h->width, h->height < 0 ? -h->height : h->height, why);
}

static bool check_format(struct header *h, const struct file *file, struct why *why) {
    bool has_masks = h->compression == BIT_FIELDS || h->compression == ALPHA_BIT_FIELDS;
    const char *kinds = "vit reads uncompressed BMP of 8, 24 and 32 bits a pixel";
    if (h->compression != UNCOMPRESSED && !has_masks) {
        return refuse(why, "a compressed bitmap (method %lu); %s", (unsigned long)h->compression, kinds);
    }
    if (h->bits == 8 && !has_masks) {
        h->format = VIT_PIXELS_GRAY8;
    } else if (h->bits == 24 && !has_masks) {
        h->format = VIT_PIXELS_BGR8;
    } else if (h->bits == 32 && !has_masks) {
        h->format = VIT_PIXELS_BGRA8;
    } else if (h->bits == 32) {
        if (file->size < FILE_HEADER + INFO_HEADER + 12) return refuse(why, "truncated in the colour masks");
        h->format = format_of_masks(file->data + FILE_HEADER + INFO_HEADER);
        if (h->format == 0) return refuse(why, "a bitmap with unusual colour masks; vit reads 8 bits each of blue, green, red");
    } else {
        return refuse(why, "a bitmap of %lu bits a pixel; %s", (unsigned long)h->bits, kinds);
    }
    return true;
}

/* palette[i] = red, green, blue; true when all of it is grey. */
static bool read_palette(unsigned char palette[256][3], bool *is_gray, const struct header *h, const struct file *file,
                         struct why *why) {
    size_t entry = h->size == CORE_HEADER ? 3 : 4;
    size_t start = FILE_HEADER + (size_t)h->size, room = (file->size - start) / entry;
    size_t count = h->colors == 0 ? 256 : h->colors;
    if (count > 256 || count > room) return refuse(why, "broken: a palette of %zu colours", count);
    memset(palette, 0, 256 * 3);
    for (size_t i = 0; i < count; i++) {
        const unsigned char *from = file->data + start + i * entry;
        for (size_t c = 0; c < 3; c++) palette[i][c] = from[2 - c];
        if (from[0] != from[1] || from[1] != from[2]) *is_gray = false;
    }
    return true;
}

/* first: the top row; step: bytes from a row to the one below. */
static bool expand_palette(struct picture *picture, const struct header *h, const struct file *file, const unsigned char *first,
                           int64_t step, struct why *why) {
    unsigned char palette[256][3];
    bool is_gray = true;
    if (!read_palette(palette, &is_gray, h, file, why)) return false;
    int64_t height = h->height < 0 ? -h->height : h->height;
    if (!picture_allocate(picture, h->width, height, is_gray ? VIT_PIXELS_GRAY8 : VIT_PIXELS_RGB8, why)) return false;
    unsigned char *out = picture->memory;
    size_t bytes = is_gray ? 1 : 3;
    for (int64_t y = 0; y < height; y++) {
        const unsigned char *row = first + y * step;
        for (int64_t x = 0; x < h->width; x++, out += bytes) memcpy(out, palette[row[x]], bytes);
    }
    return true;
}

bool picture_from_bmp(struct picture *picture, struct file *file, struct why *why) {
    struct header h;
    if (!read_header(&h, file, why) || !check_format(&h, file, why)) return false;
    int64_t height = h.height < 0 ? -h.height : h.height;
    size_t row = (size_t)h.width * (h.bits / 8), stride = (row + 3) / 4 * 4;
    size_t wanted = stride * (size_t)(height - 1) + row; /* some writers leave the last row without its padding */
    if (h.pixels_at > file->size || file->size - h.pixels_at < wanted) {
        return refuse(why, "truncated: %zu bytes, but its pixels end at %zu", file->size, (size_t)h.pixels_at + wanted);
    }
    bool is_top_down = h.height < 0;
    const unsigned char *first = file->data + h.pixels_at + (is_top_down ? 0 : stride * (size_t)(height - 1));
    int64_t step = is_top_down ? (int64_t)stride : -(int64_t)stride;
    if (h.bits == 8) return expand_palette(picture, &h, file, first, step, why);
    picture->image.planes[0] = first;
    picture->image.strides[0] = step;
    picture->image.format = h.format;
    picture->image.width = (int32_t)h.width;
    picture->image.height = (int32_t)height;
    picture->memory = file->data;
    file->data = NULL;
    return true;
}
