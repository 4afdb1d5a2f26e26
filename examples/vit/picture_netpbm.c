/* picture_netpbm.c: PPM and PGM, binary (P6, P5) and plain (P3, P2), of 8 bits a sample.
 * https://netpbm.sourceforge.net/doc/ppm.html */
#include "picture.h"

#include <string.h>

struct scanner {
    const unsigned char *at, *end;
};

static bool is_space(unsigned char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* White space and comments, which go from # to the end of the line. */
static void skip_space(struct scanner *s) {
    while (s->at < s->end && (is_space(*s->at) || *s->at == '#')) {
        if (*s->at++ != '#') continue;
        while (s->at < s->end && *s->at != '\n' && *s->at != '\r') s->at++;
    }
}

/* The next decimal number, 0..1000000. */
static bool scan_number(struct scanner *s, int32_t *number) {
    skip_space(s);
    int32_t value = 0;
    const unsigned char *start = s->at;
    for (; s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++) {
        value = 10 * value + (*s->at - '0');
        if (value > 1000000) return false;
    }
    *number = value;
    return s->at > start && (s->at == s->end || is_space(*s->at) || *s->at == '#');
}

/* table[v] = v / maxval * 255, rounded half to even as Pillow does. */
static void make_scale(unsigned char table[256], int32_t maxval) {
    for (int32_t v = 0; v <= maxval; v++) {
        int32_t whole = v * 255 / maxval, twice_rest = 2 * (v * 255 % maxval);
        bool up = twice_rest > maxval || (twice_rest == maxval && whole % 2 == 1);
        table[v] = (unsigned char)(whole + up);
    }
}

static bool refuse_value(int32_t value, int32_t maxval, struct why *why) {
    return refuse(why, "broken: a sample of %ld is above the largest value, %ld", (long)value, (long)maxval);
}

static bool read_binary(struct picture *picture, struct file *file, const unsigned char *at, size_t samples, int32_t maxval,
                        struct why *why) {
    size_t left = (size_t)(file->data + file->size - at);
    if (left < samples) return refuse(why, "truncated: %zu of %zu bytes of pixels are there", left, samples);
    unsigned char *pixels = file->data + (at - file->data), table[256];
    picture->memory = file->data;
    picture->image.planes[0] = pixels;
    file->data = NULL;
    if (maxval == 255) return true;
    make_scale(table, maxval);
    for (size_t i = 0; i < samples; i++) {
        if (pixels[i] > maxval) return refuse_value(pixels[i], maxval, why);
        pixels[i] = table[pixels[i]];
    }
    return true;
}

static bool read_plain(struct picture *picture, struct scanner s, size_t samples, int32_t maxval, struct why *why) {
    vit_image *image = &picture->image;
    unsigned char table[256];
    /* Each sample needs a digit and, but for the last, a separator: checked first, so that a small file cannot ask for much. */
    if ((size_t)(s.end - s.at) < 2 * samples - 1) return refuse(why, "truncated: too short for %zu samples", samples);
    if (!picture_allocate(picture, image->width, image->height, image->format, why)) return false;
    make_scale(table, maxval);
    for (size_t i = 0; i < samples; i++) {
        int32_t value;
        if (!scan_number(&s, &value)) {
            const char *what = s.at == s.end ? "truncated" : "broken";
            return refuse(why, "%s: sample %zu of %zu is not a number", what, i + 1, samples);
        }
        if (value > maxval) return refuse_value(value, maxval, why);
        picture->memory[i] = table[value];
    }
    return true;
}

bool picture_from_netpbm(struct picture *picture, struct file *file, struct why *why) {
    int32_t width, height, maxval;
    char kind = (char)file->data[1];
    bool is_color = kind == '6' || kind == '3', is_plain = kind == '2' || kind == '3';
    struct scanner s = {file->data + 2, file->data + file->size};
    if (!scan_number(&s, &width) || !scan_number(&s, &height) || !scan_number(&s, &maxval)) {
        return refuse(why, "broken: the header needs a width, a height and a largest value");
    }
    if (!picture_check_size(width, height, why)) return false;
    if (maxval > 255 && maxval < 65536) {
        return refuse(why, "has 16 bits a sample (largest value %ld); vit reads 8: convert the picture first", (long)maxval);
    }
    if (maxval < 1 || maxval > 255) return refuse(why, "broken: the largest value is %ld", (long)maxval);
    picture->image.width = width;
    picture->image.height = height;
    picture->image.format = is_color ? VIT_PIXELS_RGB8 : VIT_PIXELS_GRAY8;
    size_t samples = (size_t)width * (size_t)height * (is_color ? 3 : 1);
    if (is_plain) return read_plain(picture, s, samples, maxval, why);
    if (s.at < s.end) s.at++; /* exactly one separator, as the next byte may be a pixel that looks like one */
    return read_binary(picture, file, s.at, samples, maxval, why);
}
