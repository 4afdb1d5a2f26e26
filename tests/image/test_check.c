/* test_check.c: every field of a picture and of a pipeline wrong in turn: the code, and a message that names it. */
#include "pictures.h"

static const unsigned char pixels[64 * 64 * 4];
enum { MAX_SIDE = 64 };

static vit_image good(int format, int width, int height) {
    vit_image image = {0};
    image.planes[0] = pixels;
    image.format = format;
    image.width = width;
    image.height = height;
    return image;
}

static void refused(const vit_image *image, const vi_pipeline *p, int32_t code, const char *words) {
    vi_error e = {0};
    int32_t status = vi_image_check(image, p, MAX_SIDE, &e);
    CHECK(status == code && e.code == code && strstr(e.text, words), "status %d, message '%s', expected %d '%s'", status, e.text,
          code, words);
    CHECK(vi_image_check(image, p, MAX_SIDE, NULL) == code, "without a place for the message");
}

static void accepted(const vit_image *image, const vi_pipeline *p) {
    vi_error e = {0};
    CHECK(vi_image_check(image, p, MAX_SIDE, &e) == VIT_OK, "%s", e.text);
}

static void sizes_and_formats(void) {
    vi_pipeline p = small_pipeline();
    vit_image image;
    refused(NULL, &p, VIT_ERROR_ARGUMENT, "image is NULL");
    for (int format = -1; format <= 9; format++) {
        image = good(format, 64, 64);
        if (format >= VIT_PIXELS_RGB8 && format <= VIT_PIXELS_GRAY8) accepted(&image, &p);
        if (format < VIT_PIXELS_RGB8 || format > VIT_PIXELS_F32) refused(&image, &p, VIT_ERROR_ARGUMENT, "format is");
    }
    static const int bad[] = {0, -1, INT32_MIN};
    for (int i = 0; i < 3; i++) {
        image = good(VIT_PIXELS_RGB8, bad[i], 64);
        refused(&image, &p, VIT_ERROR_ARGUMENT, "image width is");
        image = good(VIT_PIXELS_RGB8, 64, bad[i]);
        refused(&image, &p, VIT_ERROR_ARGUMENT, "image height is");
    }
    image = good(VIT_PIXELS_RGB8, MAX_SIDE + 1, 1);
    refused(&image, &p, VIT_ERROR_LIMIT, "image is 65 x 1, longest side allowed is 64");
    image = good(VIT_PIXELS_RGB8, 1, INT32_MAX);
    refused(&image, &p, VIT_ERROR_LIMIT, "longest side allowed");
    image = good(VIT_PIXELS_RGB8, 64, 64);
    image.flip = 4;
    refused(&image, &p, VIT_ERROR_ARGUMENT, "flip is 4");
    image.flip = -1;
    refused(&image, &p, VIT_ERROR_ARGUMENT, "flip is -1");
    for (int i = 0; i < 8; i++) {
        image = good(VIT_PIXELS_RGB8, 64, 64);
        image.reserved[i] = 1;
        refused(&image, &p, VIT_ERROR_ARGUMENT, "reserved[");
    }
    p.channels = 4;
    image = good(VIT_PIXELS_RGBA8, 64, 64);
    refused(&image, &p, VIT_ERROR_ARGUMENT, "cannot give the model's 4 channels");
}

static void planes_and_strides(void) {
    vi_pipeline p = small_pipeline();
    vit_image image = good(VIT_PIXELS_BGRA8, 10, 64);
    static const int64_t good_strides[] = {0, 40, -40, 41, -41, INT32_MAX, -INT32_MAX};
    static const int64_t bad[] = {39, -39, 1, -1, INT64_C(1) << 31, -(INT64_C(1) << 31), INT64_MAX, INT64_MIN};
    for (int i = 0; i < 7; i++) {
        image.strides[0] = good_strides[i];
        bool fits = (uint64_t)INT32_MAX * 64 <= PTRDIFF_MAX || llabs(good_strides[i]) < INT32_MAX;
        if (fits) accepted(&image, &p);
        if (!fits) refused(&image, &p, VIT_ERROR_ARGUMENT, "address space");
    }
    for (int i = 0; i < 8; i++) {
        image.strides[0] = bad[i];
        refused(&image, &p, VIT_ERROR_ARGUMENT, "strides[0] is");
    }
    for (int i = 1; i < 3; i++) {
        image = good(VIT_PIXELS_RGB8, 10, 10);
        image.planes[i] = pixels;
        refused(&image, &p, VIT_ERROR_ARGUMENT, "is given");
        image = good(VIT_PIXELS_RGB8, 10, 10);
        image.strides[i] = 30;
        refused(&image, &p, VIT_ERROR_ARGUMENT, "is given");
    }
    image = good(VIT_PIXELS_RGB8, 10, 10);
    image.planes[0] = NULL;
    refused(&image, &p, VIT_ERROR_ARGUMENT, "planes[0] is NULL");
}

static void float_planes(void) {
    vi_pipeline p = small_pipeline();
    vit_image image = good(VIT_PIXELS_F32, p.width, p.height);
    accepted(&image, &p);
    image.planes[1] = image.planes[2] = pixels;
    accepted(&image, &p);
    image.strides[2] = 4 * p.width - 1;
    refused(&image, &p, VIT_ERROR_ARGUMENT, "strides[2] is");
    image.strides[2] = 0;
    image.planes[2] = NULL;
    refused(&image, &p, VIT_ERROR_ARGUMENT, "planes[2] is NULL");
    image.planes[1] = NULL;
    image.planes[2] = pixels;
    refused(&image, &p, VIT_ERROR_ARGUMENT, "planes[2] or strides[2] is given, expected 1 planes");
    image = good(VIT_PIXELS_F32, p.width + 1, p.height);
    refused(&image, &p, VIT_ERROR_ARGUMENT, "F32 image is 25 x 20");
    image = good(VIT_PIXELS_F32, p.width, p.height);
    image.region_width = p.width - 1;
    image.region_height = p.height;
    refused(&image, &p, VIT_ERROR_ARGUMENT, "region 23 x 20");
    image.region_width = p.width;
    accepted(&image, &p);
    for (p.channels = 1; p.channels <= VI_MAX_CHANNELS; p.channels++) {
        image = good(VIT_PIXELS_F32, p.width, p.height);
        accepted(&image, &p);
        image.planes[1] = pixels;
        if (p.channels == 1) refused(&image, &p, VIT_ERROR_ARGUMENT, "expected one plane");
        if (p.channels == 2) accepted(&image, &p);
        if (p.channels > 3) refused(&image, &p, VIT_ERROR_ARGUMENT, "channels in planes[0]");
    }
}

static void regions(void) {
    static const int bad[][4] = {
        {0, 0, 0, 5},   {0, 0, 5, 0},   {1, 0, 0, 0},    {-1, 0, 5, 5},   {0, -1, 5, 5},  {0, 0, 41, 5},
        {0, 0, 5, 31},  {36, 0, 5, 5},  {0, 26, 5, 5},   {0, 0, -5, 5},   {0, 0, 5, -5},  {40, 30, 1, 1},
        {INT32_MAX, 0, 40, 1}, {0, INT32_MAX, 1, 30}, {1, 1, INT32_MAX, 1}, {1, 1, 1, INT32_MIN},
    };
    static const int fine[][4] = {{0, 0, 40, 30}, {39, 29, 1, 1}, {35, 25, 5, 5}, {0, 0, 1, 1}};
    vi_pipeline p = small_pipeline();
    vit_image image = good(VIT_PIXELS_RGB8, 40, 30);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        memcpy(&image.region_x, bad[i], sizeof bad[i]);
        refused(&image, &p, VIT_ERROR_ARGUMENT, "is not inside the image of 40 x 30");
    }
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        memcpy(&image.region_x, fine[i], sizeof fine[i]);
        accepted(&image, &p);
    }
    p.resize = VIT_RESIZE_NONE;
    image = good(VIT_PIXELS_RGB8, 40, 30);
    refused(&image, &p, VIT_ERROR_ARGUMENT, "expected the input's 24 x 20");
    image.region_width = 24;
    image.region_height = 20;
    accepted(&image, &p);
}

static void absurd_resizing_is_refused(void) {
    vi_pipeline p = small_pipeline();
    vit_image image = good(VIT_PIXELS_GRAY8, 64, 1);
    p.resize_width = VI_MAX_RESIZED / 64;
    accepted(&image, &p);
    p.resize_width++;
    refused(&image, &p, VIT_ERROR_LIMIT, "would be resized to 1048640 x 16385");
    image = good(VIT_PIXELS_GRAY8, 1, 64);
    refused(&image, &p, VIT_ERROR_LIMIT, "would be resized to 16385 x 1048640");
    p.resize_height = 1;
    refused(&image, &p, VIT_ERROR_LIMIT, "would be resized");
    p.resize = VIT_RESIZE_PAD;
    accepted(&image, &p);
}

static void pipeline_refused(const vi_pipeline *p, const char *words) {
    vi_error e = {0};
    CHECK(vi_pipeline_check(p, &e) == VIT_ERROR_ARGUMENT && strstr(e.text, words), "message '%s', expected '%s'", e.text, words);
}

static void pipelines(void) {
    static const struct {
        const char *field;
        int32_t low, high;
    } fields[] = {{"resize mode", 0, 3},
                  {"filter", 0, 6},
                  {"pass order", 0, 1},
                  {"crop rounding", 0, 1},
                  {"resize width", 1, VI_MAX_RESIZED},
                  {"resize height", 0, VI_MAX_RESIZED},
                  {"input width", 1, VI_MAX_RESIZED},
                  {"input height", 1, VI_MAX_RESIZED},
                  {"channels", 1, VI_MAX_CHANNELS}};
    enum { FIELDS = sizeof fields / sizeof *fields }; /* the first members, in order */
    vi_pipeline p = small_pipeline();
    CHECK(vi_pipeline_check(&p, NULL) == VIT_OK, "a good pipeline");
    for (size_t i = 0; i < FIELDS; i++) {
        int32_t values[FIELDS], bad[] = {fields[i].low - 1, fields[i].high + 1, INT32_MIN, INT32_MAX};
        for (int b = 0; b < 4; b++) {
            p = small_pipeline();
            memcpy(values, &p, sizeof values);
            values[i] = bad[b];
            memcpy(&p, values, sizeof values);
            pipeline_refused(&p, fields[i].field);
        }
    }
    p = small_pipeline();
    p.resize = VIT_RESIZE_SQUASH;
    pipeline_refused(&p, "resize height is 0");
    p.resize = VIT_RESIZE_NONE;
    p.resize_width = 0;
    CHECK(vi_pipeline_check(&p, NULL) == VIT_OK, "no resizing needs no size");
    static const float bad[] = {0, -1, INFINITY, -INFINITY, NAN};
    for (int i = 0; i < 5; i++) {
        p = small_pipeline();
        p.scale = bad[i];
        pipeline_refused(&p, "scale");
        p = small_pipeline();
        p.std[2] = bad[i];
        pipeline_refused(&p, "deviation of channel 2");
        p = small_pipeline();
        p.mean[1] = bad[i];
        if (i >= 2) pipeline_refused(&p, "mean of channel 1");
    }
}

TEST_MAIN(sizes_and_formats, planes_and_strides, float_planes, regions, absurd_resizing_is_refused, pipelines)
