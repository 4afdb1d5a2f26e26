/* test_pack.c: the packed layout, its sizes, and what bf16 keeps. */
#include "kernel_test.h"

static void test_bytes(void) {
    CHECK(packed_bytes(VI_F32, 16, 7) == 16 * 7 * 4, "f32");
    CHECK(packed_bytes(VI_F32, 17, 7) == 32 * 7 * 4, "f32, rows rounded up");
    CHECK(packed_bytes(VI_BF16, 17, 7) == 32 * 8 * 2, "bf16, columns rounded up");
    CHECK(packed_bytes(VI_F32, 0, 7) == 0, "empty");
    size_t bytes = 5;
    CHECK(!vi_matrix_bytes(4, 1, 1, &bytes) && !vi_matrix_bytes(0, 1, 1, &bytes), "unknown type");
    CHECK(!vi_matrix_bytes(VI_F32, SIZE_MAX, 1, &bytes), "overflow");
    CHECK(!vi_matrix_bytes(VI_F32, 16, SIZE_MAX / 64 + 1, &bytes), "overflow");
    CHECK(!vi_matrix_bytes(VI_BF16, SIZE_MAX / 2, SIZE_MAX / 2, &bytes) && bytes == 5, "overflow leaves bytes alone");
}

/* The documented place of element (row, k). */
static float stored(const vi_matrix *w, size_t row, size_t k) {
    if (w->type == VI_F32) return ((const float *)w->data)[row / 16 * w->cols * 16 + k * 16 + row % 16];
    const uint16_t *panel = (const uint16_t *)w->data + row / 16 * ((w->cols + 1) / 2) * 32;
    uint32_t bits = (uint32_t)panel[k / 2 * 32 + row % 16 * 2 + k % 2] << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static void test_round_trip(void) {
    unsigned long long s = 21;
    guarded memory = guarded_create(1 << 14);
    for (size_t n = 1; n <= 70; n++) {
        for (uint32_t type = VI_F32; type <= VI_BF16; type++) {
            const size_t k = 1 + random_below(&s, 40), split = random_below(&s, n / 16 + 1) * 16;
            static float source[70 * 40], back[70 * 40], again[70 * 40];
            fill_random(source, n * k, &s);
            float *data = guarded_place(&memory, packed_bytes(type, n, k) / 4, n % 2);
            memset(data, 0xff, packed_bytes(type, n, k));
            vi_pack_rows(data, type, n, k, source + split * k, split, n);
            vi_pack_rows(data, type, n, k, source, 0, split);
            const vi_matrix w = {data, type, n, k};
            vi_unpack(back, &w);
            size_t wrong = 0;
            for (size_t i = 0; i < n * k; i++) {
                double error = fabs((double)back[i] - (double)source[i]);
                wrong += error > (type == VI_F32 ? 0 : fabs((double)source[i]) / 256) ? 1 : 0;
                wrong += same_bits(&back[i], &(float){stored(&w, i / k, i % k)}, 1) ? 0 : 1;
            }
            CHECK(wrong == 0, "%zu x %zu type %u: %zu wrong", n, k, (unsigned)type, wrong);
            size_t padding = 0;
            const size_t steps = type == VI_BF16 ? (k + 1) / 2 * 2 : k;
            const vi_matrix padded = {data, type, (n + 15) / 16 * 16, steps};
            for (size_t row = 0; row < padded.rows; row++) {
                for (size_t col = 0; col < steps; col++) {
                    if (row >= n || col >= k) padding += stored(&padded, row, col) == 0 ? 0 : 1;
                }
            }
            CHECK(padding == 0, "%zu x %zu type %u: padding is not zero", n, k, (unsigned)type);
            vi_pack_rows(data, type, n, k, back, 0, n); /* bf16 values survive a second trip exactly */
            vi_unpack(again, &w);
            CHECK(same_bits(again, back, n * k), "%zu x %zu type %u", n, k, (unsigned)type);
        }
    }
    guarded_free(&memory);
}

/* Pieces of columns of pieces of rows make what rows make. */
static void test_pack_columns(void) {
    unsigned long long s = 23;
    guarded memory = guarded_create(1 << 14);
    for (size_t round = 0; round < 300; round++) {
        const size_t n = 1 + random_below(&s, 70), k = 1 + random_below(&s, 40), split = random_below(&s, n + 1);
        const uint32_t type = round % 2 ? VI_F32 : VI_BF16;
        static float source[70 * 40], columns[70 * 40], expected[80 * 40];
        fill_random(source, n * k, &s);
        vi_pack_rows(expected, type, n, k, source, 0, n);
        float *data = guarded_place(&memory, packed_bytes(type, n, k) / 4, n % 2);
        memset(data, 0, packed_bytes(type, n, k));
        for (size_t part = 0; part < 2; part++) {
            const size_t row0 = part ? split : 0, row1 = part ? n : split;
            for (size_t col0 = 0, col1; col0 < k; col0 = col1) {
                col1 = col0 + 2 + 2 * random_below(&s, 9);
                if (col1 > k) col1 = k;
                for (size_t c = col0; c < col1; c++)
                    for (size_t row = row0; row < row1; row++)
                        columns[(c - col0) * (row1 - row0) + row - row0] = source[row * k + c];
                vi_pack_columns(data, type, k, columns, row0, row1, col0, col1);
            }
        }
        CHECK(memcmp(data, expected, packed_bytes(type, n, k)) == 0, "%zu x %zu type %u", n, k, (unsigned)type);
    }
    guarded_free(&memory);
}

static void test_pack_keys(void) {
    unsigned long long s = 22;
    guarded memory_k = guarded_create(1 << 14), memory_panels = guarded_create(1 << 14);
    const vi_kernels *kernels;
    for (size_t isa = 0; (kernels = next_isa(&isa));) {
        for (size_t tokens = 1; tokens <= 66; tokens++) {
            const size_t hd = 1 + random_below(&s, 40), ldk = hd + random_below(&s, 50), whole = (tokens + 15) / 16 * 16;
            float *k = guarded_place(&memory_k, (tokens - 1) * ldk + hd, tokens % 2);
            float *panels = guarded_place(&memory_panels, whole * hd, tokens % 2);
            fill_random(k, (tokens - 1) * ldk + hd, &s);
            kernels->pack_keys(panels, k, ldk, tokens, hd);
            size_t wrong = 0;
            for (size_t t = 0; t < whole; t++) {
                for (size_t d = 0; d < hd; d++) {
                    wrong += panels[t / 16 * hd * 16 + d * 16 + t % 16] == (t < tokens ? k[t * ldk + d] : 0) ? 0 : 1;
                }
            }
            CHECK(wrong == 0, "%s T=%zu hd=%zu: %zu wrong", kernels->name, tokens, hd, wrong);
        }
    }
    guarded_free(&memory_k);
    guarded_free(&memory_panels);
}

TEST_MAIN(test_bytes, test_round_trip, test_pack_columns, test_pack_keys)
