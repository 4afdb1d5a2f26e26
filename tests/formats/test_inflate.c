/* test_inflate.c: deflate streams made by zlib in every way it has, read in pieces of every size; and streams that are wrong. */
#include "formats/support.h"

#include "base/crc32.h"
#include "base/inflate.h"

#define TEXT_SIZE (3000 + 300 * 15 + 40000)

/* What make_data.py compressed. */
static unsigned char *make_text(void) {
    unsigned char *text = calloc(TEXT_SIZE, 1);
    for (int i = 0; i < 3000; i++) text[i] = (unsigned char)((i * i >> 5) % 97 + (i % 89 == 0) * 130);
    for (int i = 0; i < 300; i++) memcpy(text + 3000 + 15 * i, "the same again ", 15);
    return text;
}

/* The stream as a range in the middle of a file, which is in memory or behind a callback. */
typedef struct stream {
    vi_inflater *inflater;
    vi_reader reader;
    tape tape;
    buffer file;
} stream;

static void open_stream(stream *s, const unsigned char *data, size_t size, bool callback) {
    *s = (stream){.inflater = malloc(sizeof(vi_inflater))};
    memset(s->inflater, 0xA5, sizeof *s->inflater);
    buffer_text(&s->file, "before");
    buffer_add(&s->file, data, size);
    s->file.data = realloc(s->file.data, s->file.size); /* so that sanitizers see a read beyond the end */
    s->tape = (tape){.data = s->file.data, .size = s->file.size};
    if (callback)
        vi_reader_open_callback(&s->reader, tape_read, &s->tape, s->file.size, NULL);
    else
        vi_reader_open_memory(&s->reader, s->file.data, s->file.size, NULL);
    vi_inflate_start(s->inflater, &s->reader, 6, size, "x");
}

static void close_stream(stream *s) {
    CHECK(!s->tape.wrong, "a read out of range");
    buffer_free(&s->file);
    free(s->inflater);
}

static void check_stream(const unsigned char *data, size_t size, uint32_t crc, const unsigned char *text) {
    static const size_t pieces[] = {1, 2, 257, 258, 259, 4096, 32767, 32768, TEXT_SIZE};
    unsigned char *out = malloc(TEXT_SIZE + 1);
    for (size_t i = 0; i < 2 * sizeof pieces / sizeof *pieces; i++) {
        vi_error e = {0};
        stream s;
        open_stream(&s, data, size, i % 2 == 1);
        int32_t status = VIT_OK;
        for (size_t at = 0; at < TEXT_SIZE && status == VIT_OK; at += pieces[i / 2]) {
            size_t n = TEXT_SIZE - at < pieces[i / 2] ? TEXT_SIZE - at : pieces[i / 2];
            out[at + n] = 0xEE;
            status = vi_inflate_read(s.inflater, out + at, n, &e);
            CHECK(out[at + n] == 0xEE, "wrote more than asked for");
        }
        CHECK(status == VIT_OK && memcmp(out, text, TEXT_SIZE) == 0, "pieces of %zu: %s", pieces[i / 2], e.text);
        CHECK(vi_inflate_finish(s.inflater, crc, &e) == VIT_OK, "%s", e.text);
        CHECK(vi_inflate_read(s.inflater, out, 1, &e) == VIT_ERROR_CORRUPT && vi_inflate_read(s.inflater, out, 0, &e) == VIT_OK,
              "end");
        close_stream(&s);
    }
    stream s;
    open_stream(&s, data, size, true);
    CHECK(vi_inflate_skip(s.inflater, 3007, NULL) == VIT_OK && vi_inflate_read(s.inflater, out, 8, NULL) == VIT_OK, "skip");
    CHECK(memcmp(out, text + 3007, 8) == 0, "after what was skipped");
    close_stream(&s);
    free(out);
}

/* Reads n bytes and the end. */
static int32_t unpack(const unsigned char *data, size_t size, size_t n, uint32_t crc, bool callback, vi_error *e) {
    unsigned char *out = malloc(n + 1);
    stream s;
    out[n] = 0xEE;
    open_stream(&s, data, size, callback);
    int32_t status = vi_inflate_read(s.inflater, out, n, e);
    if (status == VIT_OK) status = vi_inflate_finish(s.inflater, crc, e);
    CHECK(out[n] == 0xEE, "wrote more than asked for");
    close_stream(&s);
    free(out);
    return status;
}

static void check_damage(const unsigned char *data, size_t size, uint32_t crc) {
    vi_error e = {0};
    CHECK(unpack(data, size, TEXT_SIZE, crc ^ 1, false, &e) == VIT_ERROR_CORRUPT && strstr(e.text, "CRC") != NULL, "%s", e.text);
    CHECK(unpack(data, size, TEXT_SIZE - 1, crc, false, &e) == VIT_ERROR_CORRUPT && strstr(e.text, "more") != NULL, "%s", e.text);
    CHECK(unpack(data, size, TEXT_SIZE + 1, crc, false, &e) == VIT_ERROR_CORRUPT && strstr(e.text, "fewer") != NULL, "%s",
          e.text);
    unsigned char *copy = malloc(size + 1);
    memcpy(copy, data, size);
    copy[size] = 0;
    CHECK(unpack(copy, size + 1, TEXT_SIZE, crc, false, &e) == VIT_ERROR_CORRUPT && strstr(e.text, "range") != NULL, "%s",
          e.text);
    for (size_t n = 0; n < size; n += n < 100 ? 1 : 211) {
        CHECK(unpack(copy, n, TEXT_SIZE, crc, n % 2 == 0, &e) == VIT_ERROR_CORRUPT, "cut to %zu", n);
    }
    for (size_t bit = 0; bit < 8 * size; bit += bit < 400 ? 1 : 997) {
        copy[bit / 8] ^= (unsigned char)(1 << bit % 8);
        CHECK(unpack(copy, size, TEXT_SIZE, crc, false, &e) == VIT_ERROR_CORRUPT, "bit %zu", bit);
        copy[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    free(copy);
}

static void test_zlib(void) {
    size_t size = 0;
    unsigned char *file = read_file("tests/formats/data/streams.bin", &size), *text = make_text();
    CHECK(file != NULL && size > 8, "cannot read the streams");
    if (file == NULL) return;
    uint32_t crc = vi_load_u32(file + 4);
    CHECK(vi_load_u32(file) == TEXT_SIZE && crc == vi_crc32(0, text, TEXT_SIZE), "not the same text");
    int count = 0;
    for (size_t at = 8; at < size; count++) {
        size_t n = vi_load_u32(file + at);
        check_stream(file + at + 4, n, crc, text);
        if (count % 3 == 1) check_damage(file + at + 4, n, crc);
        at += 4 + n;
    }
    CHECK(count == 6, "%d streams", count);
    free(file);
    free(text);
}

static void test_reads(void) {
    size_t size = 0;
    unsigned char *file = read_file("tests/formats/data/streams.bin", &size), out[100];
    if (file == NULL) return;
    stream s;
    open_stream(&s, file + 12, vi_load_u32(file + 8), true);
    s.tape.fail_at = 1;
    CHECK(vi_inflate_read(s.inflater, out, 100, NULL) == VIT_ERROR_IO, "a read that fails");
    close_stream(&s);
    free(file);
}

/* ---- streams made bit by bit -------------------------------------------------------------------------------------------- */

typedef struct bits {
    unsigned char bytes[256];
    size_t count;
} bits;

static void put(bits *b, uint32_t value, int n) {
    for (int i = 0; i < n; i++, b->count++) b->bytes[b->count / 8] |= (unsigned char)((value >> i & 1u) << b->count % 8);
}

/* Huffman codes go highest bit first. */
static void put_code(bits *b, uint32_t code, int n) {
    for (int i = n; i-- > 0;) put(b, code >> i & 1u, 1);
}

/* Symbol of the fixed code. */
static void put_fixed(bits *b, uint32_t symbol) {
    if (symbol < 144)
        put_code(b, symbol + 0x30, 8);
    else if (symbol < 256)
        put_code(b, symbol - 144 + 0x190, 9);
    else if (symbol < 280)
        put_code(b, symbol - 256, 7);
    else
        put_code(b, symbol - 280 + 0xC0, 8);
}

static void expect(const bits *b, size_t n, const char *problem) {
    vi_error e = {0};
    unsigned char zeros[256] = {0};
    int32_t status = unpack(b->bytes, (b->count + 7) / 8, n, vi_crc32(0, zeros, n), false, &e);
    if (problem == NULL)
        CHECK(status == VIT_OK, "%s", e.text);
    else
        CHECK(status == VIT_ERROR_CORRUPT && strstr(e.text, problem) != NULL, "expected '%s': %d %s", problem, (int)status,
              e.text);
}

static bits fixed_block(void) {
    bits b = {0};
    put(&b, 3, 3);
    return b;
}

static void test_fixed(void) {
    bits b = fixed_block();
    put_fixed(&b, 0);
    put_fixed(&b, 285); /* 258 bytes would not fit */
    put_code(&b, 0, 5);
    put_fixed(&b, 256);
    expect(&b, 200, "more bytes");
    b = fixed_block();
    put_fixed(&b, 0);
    put_fixed(&b, 258);
    put_code(&b, 0, 5);
    put_fixed(&b, 256);
    expect(&b, 5, NULL);
    expect(&b, 4, "more bytes");
    expect(&b, 6, "fewer bytes");
    b = fixed_block();
    put_fixed(&b, 257);
    put_code(&b, 0, 5);
    expect(&b, 3, "before the beginning");
    b = fixed_block();
    put_fixed(&b, 0);
    put_fixed(&b, 257);
    put_code(&b, 1, 5);
    expect(&b, 4, "before the beginning");
    for (uint32_t symbol = 286; symbol < 288; symbol++) {
        b = fixed_block();
        put_fixed(&b, symbol);
        put(&b, 0, 16);
        expect(&b, 3, "unknown length");
    }
    for (uint32_t slot = 30; slot < 32; slot++) {
        b = fixed_block();
        put_fixed(&b, 0);
        put_fixed(&b, 257);
        put_code(&b, slot, 5);
        put(&b, 0, 16);
        expect(&b, 4, "unknown distance");
    }
}

/* A stored block that ends with the inflater's input buffer, 4096 bytes, and something after it. */
static void check_boundary(void) {
    unsigned char data[4106] = {1, 4091 & 255, 4091 >> 8, ~4091 & 255, ~4091 >> 8 & 255}, zeros[4091] = {0};
    vi_error e = {0};
    CHECK(unpack(data, 4096, 4091, vi_crc32(0, zeros, 4091), true, &e) == VIT_OK, "%s", e.text);
    CHECK(unpack(data, 4106, 4091, vi_crc32(0, zeros, 4091), true, &e) == VIT_ERROR_CORRUPT, "something after the end");
}

static void test_blocks(void) {
    bits b = {0};
    expect(&b, 0, "too early");
    put(&b, 7, 3);
    expect(&b, 1, "unknown kind");
    b = (bits){0};
    put(&b, 1, 8); /* stored, the last one; 2 bytes */
    put(&b, 2, 16);
    put(&b, 0xFFFD, 16);
    put(&b, 0, 16);
    expect(&b, 2, NULL);
    b.bytes[3] ^= 1;
    expect(&b, 2, "stored block");
    b.bytes[3] ^= 1;
    b.count -= 8;
    expect(&b, 2, "too early");
    check_boundary();
    b = (bits){0}; /* two empty stored blocks, then an empty fixed one */
    for (int i = 0; i < 2; i++) {
        put(&b, 0, 8 - (int)(b.count % 8));
        put(&b, 0, 16);
        put(&b, 0xFFFF, 16);
    }
    put(&b, 3, 3);
    put_fixed(&b, 256);
    expect(&b, 0, NULL);
}

/* A block with its own codes: `lengths` of the code of code lengths, in the order of the format, then what follows. */
static bits own_codes(uint32_t literals, uint32_t distances, const unsigned char *lengths, uint32_t n) {
    bits b = {0};
    put(&b, 5, 3);
    put(&b, literals - 257, 5);
    put(&b, distances - 1, 5);
    put(&b, n - 4, 4);
    for (uint32_t i = 0; i < n; i++) put(&b, lengths[i], 3);
    return b;
}

/* 18 ("zeros, 11 and more") and 1 have codes 1 and 0. */
static const unsigned char two_lengths[19] = {[2] = 1, [17] = 1};

static void put_zeros(bits *b, uint32_t n) { /* 11 to 138 */
    put_code(b, 1, 1);
    put(b, n - 11, 7);
}

static void test_codes(void) {
    static const unsigned char none[19] = {0}, full[19] = {[0] = 1, [1] = 1, [2] = 1}, half[19] = {[0] = 2, [1] = 2};
    bits b = own_codes(257, 1, none, 19);
    put(&b, 0, 32);
    expect(&b, 1, "not defined");
    b = own_codes(257, 1, full, 19);
    expect(&b, 1, "code lengths is not complete");
    b = own_codes(257, 1, half, 19);
    expect(&b, 1, "code lengths is not complete");
    b = own_codes(287, 1, two_lengths, 18);
    expect(&b, 1, "too many codes");
    b = own_codes(257, 31, two_lengths, 18);
    expect(&b, 1, "too many codes");
    b = own_codes(257, 1, two_lengths, 18); /* lengths of 0 and 256 are 1, no distances: a good block */
    put_code(&b, 0, 1);
    put_zeros(&b, 138);
    put_zeros(&b, 117);
    put_code(&b, 0, 1);
    put_code(&b, 0, 1);
    put_code(&b, 0, 1);
    put_code(&b, 1, 1);
    expect(&b, 1, NULL);
    b = own_codes(257, 1, two_lengths, 18); /* 256 has none */
    put_code(&b, 0, 1);
    put_zeros(&b, 138);
    put_zeros(&b, 119);
    expect(&b, 1, "no end");
    b = own_codes(257, 1, two_lengths, 18); /* beyond the last length */
    put_code(&b, 0, 1);
    put_zeros(&b, 138);
    put_zeros(&b, 138);
    expect(&b, 1, "too many code lengths");
    b = own_codes(257, 1, two_lengths, 18); /* three codes of 1 bit */
    put_code(&b, 0, 1);
    put_code(&b, 0, 1);
    put_zeros(&b, 138);
    put_zeros(&b, 116);
    put_code(&b, 0, 1);
    put_code(&b, 0, 1);
    expect(&b, 1, "literals is not complete");
    b = own_codes(258, 3, two_lengths, 18); /* three distances of 1 bit */
    put_zeros(&b, 138);
    put_zeros(&b, 118);
    for (int i = 0; i < 5; i++) put_code(&b, 0, 1);
    expect(&b, 1, "distances is not complete");
    static const unsigned char three_lengths[19] = {[2] = 1, [15] = 2, [17] = 2}; /* 18 has code 0, 1 has 10, 2 has 11 */
    for (int length = 1; length <= 2; length++) { /* one distance: of 1 bit it may be alone, of 2 bits not */
        b = own_codes(257, 1, three_lengths, 18);
        put_code(&b, 2, 2);
        put_code(&b, 0, 1);
        put(&b, 127, 7);
        put_code(&b, 0, 1);
        put(&b, 106, 7);
        put_code(&b, 2, 2);
        put_code(&b, length == 1 ? 2 : 3, 2);
        put_code(&b, 0, 1);
        put_code(&b, 1, 1);
        expect(&b, 1, length == 1 ? NULL : "distances is not complete");
    }
    static const unsigned char repeats[19] = {[0] = 1, [17] = 1}; /* 16 ("once more the one before") and 1 */
    b = own_codes(257, 1, repeats, 18);
    put_code(&b, 1, 1);
    put(&b, 0, 2);
    expect(&b, 1, "repeats");
}

TEST_MAIN(test_zlib, test_reads, test_fixed, test_blocks, test_codes)
