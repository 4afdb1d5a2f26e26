/* test_variants.c: the same picture told in different ways gives the same bits: formats, strides, regions, flips, planes. */
#include "pictures.h"

enum { W = 53, H = 41 };

static vit_image plain(const void *pixels, int format, int width, int height) {
    vit_image image = {0};
    image.planes[0] = pixels;
    image.format = format;
    image.width = width;
    image.height = height;
    return image;
}

/* pixels [H][W][3] as another format with rows `stride` bytes apart, negative: last row first. dst: where memory begins. */
static const unsigned char *rewrite(const unsigned char *rgb, int format, int stride, unsigned char *dst) {
    int bytes = pixel_bytes(format), bgr = format == VIT_PIXELS_BGR8 || format == VIT_PIXELS_BGRA8;
    unsigned char *first = stride < 0 ? dst + (H - 1) * -stride : dst;
    for (int y = 0; y < H; y++) {
        for (int x = 0; x < W; x++) {
            unsigned char *to = first + y * stride + x * bytes;
            for (int c = 0; c < bytes; c++) to[c] = c == 3 ? (unsigned char)(x * y) : rgb[(y * W + x) * 3 + (bgr ? 2 - c : c)];
        }
    }
    return first;
}

/* As small_pipeline, but the vertical pass comes first. */
static vi_pipeline vertical_first_pipeline(void) {
    vi_pipeline p = small_pipeline();
    p.resize = VIT_RESIZE_SQUASH;
    p.pass_order = VIT_PASSES_PILLOW_13;
    p.resize_width = W + 20;
    p.resize_height = 8;
    p.height = 6;
    return p;
}

static void formats_and_strides_agree(const vi_pipeline *pipeline) {
    static const int formats[] = {VIT_PIXELS_RGB8, VIT_PIXELS_BGR8, VIT_PIXELS_RGBA8, VIT_PIXELS_BGRA8};
    unsigned char rgb[W * H * 3], buffer[(W * 4 + 9) * H];
    vi_pipeline p = *pipeline;
    fill_picture(rgb, sizeof rgb, 0, 3);
    for (int f = 0; f < 4; f++) {
        int row = W * pixel_bytes(formats[f]);
        int strides[] = {0, row, row + 1, row + 9, -row, -row - 7};
        for (size_t s = 0; s < sizeof strides / sizeof *strides; s++) {
            for (int channels = 1; channels <= 3; channels += 2) {
                vit_image a = plain(rgb, VIT_PIXELS_RGB8, W, H), b = plain(NULL, formats[f], W, H);
                p.channels = channels;
                b.planes[0] = rewrite(rgb, formats[f], strides[s] ? strides[s] : row, buffer);
                b.strides[0] = strides[s];
                CHECK(same_result(&p, prepared(&p, &a), prepared(&p, &b)), "format %d, stride %d", formats[f], strides[s]);
            }
        }
    }
}

static void formats_and_strides_agree_in_both_orders(void) {
    vi_pipeline horizontal = small_pipeline(), vertical = vertical_first_pipeline();
    formats_and_strides_agree(&horizontal);
    formats_and_strides_agree(&vertical);
}

static void region_is_a_crop(void) {
    unsigned char rgb[W * H * 3], part[20 * 17 * 3];
    vi_pipeline p = small_pipeline();
    fill_picture(rgb, sizeof rgb, 0, 4);
    for (int y = 0; y < 17; y++) memcpy(part + y * 20 * 3, rgb + ((y + 24) * W + 33) * 3, 20 * 3);
    for (int mode = VIT_RESIZE_SQUASH; mode <= VIT_RESIZE_PAD; mode++) {
        vit_image a = plain(rgb, VIT_PIXELS_RGB8, W, H), b = plain(part, VIT_PIXELS_RGB8, 20, 17);
        a.region_x = 33; /* up to the last column and row */
        a.region_y = 24;
        a.region_width = 20;
        a.region_height = 17;
        p.resize = mode;
        p.resize_height = 25;
        a.flip = b.flip = mode;
        CHECK(same_result(&p, prepared(&p, &a), prepared(&p, &b)), "mode %d", mode);
    }
    vit_image a = plain(rgb, VIT_PIXELS_RGB8, W, H), b = a;
    a.region_width = W;
    a.region_height = H;
    CHECK(same_result(&p, prepared(&p, &a), prepared(&p, &b)), "whole region");
}

static void flips_are_mirrors(void) {
    unsigned char rgb[W * H * 3], mirrored[W * H * 3];
    vi_pipeline p = small_pipeline();
    fill_picture(rgb, sizeof rgb, 0, 5);
    for (int flip = 1; flip <= 3; flip++) {
        for (int i = 0; i < W * H; i++) {
            int x = flip & VIT_FLIP_HORIZONTAL ? W - 1 - i % W : i % W, y = flip & VIT_FLIP_VERTICAL ? H - 1 - i / W : i / W;
            memcpy(mirrored + i * 3, rgb + (y * W + x) * 3, 3);
        }
        vit_image a = plain(rgb, VIT_PIXELS_RGB8, W, H), b = plain(mirrored, VIT_PIXELS_RGB8, W, H);
        a.flip = flip;
        CHECK(same_result(&p, prepared(&p, &a), prepared(&p, &b)), "flip %d", flip);
    }
}

static void gray_is_three_equal_channels(void) {
    unsigned char gray[W * H], rgb[W * H * 3];
    vi_pipeline p = small_pipeline();
    fill_picture(gray, sizeof gray, 0, 6);
    for (int i = 0; i < W * H * 3; i++) rgb[i] = gray[i / 3];
    for (p.channels = 1; p.channels <= 3; p.channels += 2) {
        vit_image a = plain(gray, VIT_PIXELS_GRAY8, W, H), b = plain(rgb, VIT_PIXELS_RGB8, W, H);
        CHECK(same_result(&p, prepared(&p, &a), prepared(&p, &b)), "%d channels", p.channels);
        a.flip = b.flip = VIT_FLIP_HORIZONTAL;
        CHECK(same_result(&p, prepared(&p, &a), prepared(&p, &b)), "%d channels, flipped", p.channels);
    }
}

/* Every byte through every step of float32 arithmetic, and the luma formula on a few colours known from Pillow. */
static void bytes_become_floats_as_in_torch(void) {
    unsigned char bytes[256], rgb[] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 1, 2, 3, 200, 100, 50};
    static const float luma[] = {76, 150, 29, 255, 2, 124};
    for (int i = 0; i < 256; i++) bytes[i] = (unsigned char)i;
    vi_pipeline p = {VIT_RESIZE_NONE, VIT_FILTER_BICUBIC, 0, 0, 0, 0, 16, 16, 3, 0, {0}, {0}};
    vit_image image = plain(bytes, VIT_PIXELS_GRAY8, 16, 16);
    for (int norm = 0; norm < 5; norm++) {
        set_norm(&p, norm);
        float *out = prepared(&p, &image);
        for (int i = 0; out && i < 3 * 256; i++) {
            int c = i / 256, byte = i % 256;
            float v = norm >= 1 && norm <= 3 ? (float)byte / 255.0f : (float)byte * p.scale; /* rounded at each step */
            v = v - p.mean[c];
            v = v / p.std[c];
            CHECK(out[i] == v, "norm %d, byte %d", norm, byte);
        }
        free(out);
    }
    p = (vi_pipeline){VIT_RESIZE_NONE, VIT_FILTER_BICUBIC, 0, 0, 0, 0, 6, 1, 1, 1, {0}, {1}};
    image = plain(rgb, VIT_PIXELS_RGB8, 6, 1);
    float *out = prepared(&p, &image);
    CHECK(out && memcmp(out, luma, sizeof luma) == 0, "luma");
    free(out);
}

/* A one-pixel picture in the middle of the crop: where padding goes and what is in it. */
static void padding_has_the_right_place_and_colour(void) {
    static const unsigned char white[3] = {255, 255, 255};
    vit_image image = plain(white, VIT_PIXELS_RGB8, 1, 1);
    vi_pipeline p = {VIT_RESIZE_SQUASH, VIT_FILTER_BICUBIC, 0, VI_CROP_FLOOR, 1, 1, 4, 4, 3, 0, {0}, {0}};
    set_norm(&p, 2);
    for (int mode = VIT_RESIZE_SQUASH; mode <= VIT_RESIZE_PAD; mode += 2) {
        for (int rounding = VI_CROP_FLOOR; rounding <= VI_CROP_HALF_EVEN; rounding++) {
            p.resize = mode;
            p.crop_rounding = rounding;
            float *out = prepared(&p, &image);
            int at = rounding == VI_CROP_FLOOR ? 2 : 1; /* three pixels of padding: two before it, or one */
            for (int i = 0; out && i < 48; i++) {
                float mean = p.mean[i / 16], v = mode == VIT_RESIZE_PAD ? rintf(255 * mean) / 255.0f : 0;
                if (i % 16 == at * 4 + at) v = 1;
                v -= mean;
                v /= p.std[i / 16];
                CHECK(out[i] == v, "mode %d, rounding %d, %d", mode, rounding, i);
            }
            free(out);
        }
    }
}

/* in [C][6][8] of every bit pattern we care about -> planes at odd addresses with odd strides */
static void float_planes_pass_unchanged(void) {
    vi_pipeline p = {VIT_RESIZE_SHORTEST, VIT_FILTER_BICUBIC, 0, 0, 9, 0, 8, 6, 3, 1, {0}, {1, 1, 1}};
    float in[3 * 48];
    unsigned char memory[3 * 6 * 41 + 1], *odd = memory + 1;
    for (int i = 0; i < 3 * 48; i++) in[i] = i == 5 ? NAN : i == 6 ? INFINITY : i == 7 ? -0.0f : (float)i * -1.7f;
    for (int flip = 0; flip < 4; flip++) {
        for (int layout = 0; layout < 4; layout++) { /* tight; one block with a stride; three planes; three planes upside down */
            int stride = layout == 0 ? 32 : 41;
            vit_image image = plain(odd, VIT_PIXELS_F32, 8, 6);
            for (int row = 0; row < 18; row++) memcpy(odd + row * stride, in + row * 8, 32);
            image.flip = flip;
            image.strides[0] = layout == 0 ? 0 : stride;
            for (int c = 0; layout >= 2 && c < 3; c++) {
                image.planes[c] = odd + (c * 6 + (layout == 3 ? 5 : 0)) * stride;
                image.strides[c] = layout == 3 ? -stride : stride;
            }
            float *out = prepared(&p, &image);
            for (int i = 0; out && i < 3 * 48; i++) {
                int x = i % 8, y = i / 8 % 6, upside_down = (flip >> 1) ^ (layout == 3);
                const float *from = in + i / 48 * 48 + (upside_down ? 5 - y : y) * 8 + (flip & 1 ? 7 - x : x);
                CHECK(memcmp(out + i, from, sizeof *out) == 0, "flip %d, layout %d, float %d", flip, layout, i);
            }
            free(out);
        }
    }
    p.channels = 2;
    vit_image image = plain(in, VIT_PIXELS_F32, 8, 6);
    float *out = prepared(&p, &image);
    CHECK(out && memcmp(out, in, 2 * 48 * sizeof *in) == 0, "two channels");
    free(out);
}

TEST_MAIN(formats_and_strides_agree_in_both_orders, region_is_a_crop, flips_are_mirrors, gray_is_three_equal_channels,
          bytes_become_floats_as_in_torch, padding_has_the_right_place_and_colour, float_planes_pass_unchanged)
