/* test_scratch.c: the promise of vi_image_scratch holds for every picture, also for absurd ones, and is not absurd itself. */
#include "pictures.h"

static unsigned long long state = 11;

static int32_t between(int32_t low, int32_t high) {
    return low + (int32_t)(test_random(&state) >> 33) % (high - low + 1);
}

/* Short, long, anything. */
static int32_t side(int32_t longest) {
    int32_t kind = between(0, 3), few = longest < 9 ? longest : 9;
    return kind == 0 ? between(1, few) : kind == 1 ? between(longest - few + 1, longest) : between(1, longest);
}

static void no_picture_needs_more(void) {
    static const int32_t limits[] = {1, 7, 224, 1000, 16384, 65536};
    int32_t used_all = 0;
    for (int i = 0; i < 60000; i++) {
        int32_t max_side = limits[between(0, 5)];
        vi_pipeline p = small_pipeline();
        p.resize = between(VIT_RESIZE_NONE, VIT_RESIZE_PAD);
        p.filter = between(VIT_FILTER_NEAREST, VIT_FILTER_HAMMING);
        p.pass_order = between(VIT_PASSES_HORIZONTAL_FIRST, VIT_PASSES_PILLOW_13);
        p.channels = between(0, 1) * 2 + 1;
        p.resize_width = side(600);
        p.resize_height = side(600);
        if (p.resize == VIT_RESIZE_SHORTEST && between(0, 1)) p.resize_height = 0;
        p.width = side(600);
        p.height = side(600);
        vit_image image = {0};
        image.planes[0] = &state;
        image.format = between(VIT_PIXELS_RGB8, VIT_PIXELS_GRAY8);
        image.width = p.resize == VIT_RESIZE_NONE && p.width <= max_side ? p.width : side(max_side);
        image.height = p.resize == VIT_RESIZE_NONE && p.height <= max_side ? p.height : side(max_side);
        if (vi_image_check(&image, &p, max_side, NULL) != VIT_OK) continue;
        size_t used = vi_image_scratch_used(&p, &image), promised = vi_image_scratch(&p, max_side);
        used_all += used == promised;
        CHECK(used <= promised, "%d x %d of at most %d: mode %d, filter %d, to %d x %d, crop %d x %d", image.width,
              image.height, max_side, p.resize, p.filter, p.resize_width, p.resize_height, p.width, p.height);
    }
    CHECK(used_all > 100, "the promise is never used up: %d", used_all);
}

/* One colour stays one colour, whatever the shape; `prepared` has guard pages behind everything. */
static void absurd_shapes_run(void) {
    static const struct {
        int32_t width, height, resize, visible; /* visible: columns of a crop of 64 that are not padding */
    } shapes[] = {{16384, 1, 64, 64}, {1, 16384, 64, 64},  {16384, 2, 100, 64},
                  {1, 1, 4096, 64},   {16384, 100, 1, 64}, {3, 16384, 3, 3}};
    unsigned char *pixels = malloc(16384 * 100);
    if (!pixels) exit(2);
    memset(pixels, 77, 16384 * 100);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        for (int choice = 0; choice < 2 * (VIT_FILTER_TF_BILINEAR + 1); choice++) {
            int filter = choice / 2, passes = choice % 2;
            vit_image image = {0};
            image.planes[0] = pixels;
            image.format = VIT_PIXELS_GRAY8;
            image.width = shapes[i].width;
            image.height = shapes[i].height;
            vi_pipeline p = {VIT_RESIZE_SHORTEST, filter, passes, VI_CROP_HALF_EVEN, shapes[i].resize, 0, 64, 1, 1, 1, {0}, {1}};
            float *out = prepared(&p, &image);
            int visible = 0, black = 0;
            for (int x = 0; out && x < 64; x++) {
                visible += out[x] == 77;
                black += out[x] == 0;
            }
            CHECK(visible == shapes[i].visible && black == 64 - visible, "%d x %d to %d, filter %d, passes %d: %d and %d",
                  image.width, image.height, shapes[i].resize, filter, passes, visible, black);
            free(out);
        }
    }
    free(pixels);
}

static void usual_scratch_is_small(void) {
    vi_pipeline p = small_pipeline();
    p.resize_width = 248;
    p.width = p.height = 224;
    CHECK(vi_image_scratch(&p, 16384) < 600000, "%zu", vi_image_scratch(&p, 16384));
    CHECK(vi_image_scratch(&p, 640) < 70000, "%zu", vi_image_scratch(&p, 640));
    p.resize_width = 1;
    p.width = VI_MAX_RESIZED;
    size_t huge = vi_image_scratch(&p, 65536);
    if (SIZE_MAX == UINT32_MAX) CHECK(huge == SIZE_MAX, "%zu", huge);
    if (SIZE_MAX > UINT32_MAX) CHECK(huge > UINT32_MAX && huge < SIZE_MAX, "%zu", huge);
}

TEST_MAIN(no_picture_needs_more, absurd_shapes_run, usual_scratch_is_small)
