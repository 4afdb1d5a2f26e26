/* fuzz_inflate.c: any bytes as a deflate stream, read in two pieces; the first two bytes say how much. Where zlib is linked
 * (-DHAVE_ZLIB -lz), both must give the same bytes, or both refuse. */
#include "base/crc32.h"
#include "base/inflate.h"
#include "fuzz/fuzz.h"

#ifdef HAVE_ZLIB
#include <zlib.h>

/* Bytes that zlib makes of the stream, up to `room`; -1: it is damaged, or goes on, or ends before its range. */
static long reference(const unsigned char *data, size_t size, unsigned char *out, size_t room) {
    z_stream z = {0};
    MUST(inflateInit2(&z, -15) == Z_OK);
    z.next_in = (unsigned char *)(uintptr_t)data;
    z.avail_in = (unsigned)size;
    z.next_out = out;
    z.avail_out = (unsigned)room;
    int status = inflate(&z, Z_FINISH);
    long made = status == Z_STREAM_END && z.avail_in == 0 ? (long)(room - z.avail_out) : -1;
    inflateEnd(&z);
    return made;
}
#endif

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
    if (size < 2) return 0;
    size_t n = vi_load_u16(data), half = n / 3;
    unsigned char *out = malloc(n + 1), *in = malloc(size - 2 + 1);
    vi_inflater *s = malloc(sizeof *s);
    vi_reader r;
    vi_error e = {0};
    memcpy(in, data + 2, size - 2);
    in = realloc(in, size > 2 ? size - 2 : 1);
    out = realloc(out, n > 0 ? n : 1);
    vi_reader_open_memory(&r, in, size - 2, &e);
    vi_inflate_start(s, &r, 0, size - 2, "fuzz");
    int32_t status = vi_inflate_read(s, out, half, &e);
    if (status == VIT_OK) status = vi_inflate_read(s, out + half, n - half, &e);
    if (status == VIT_OK) status = vi_inflate_finish(s, vi_crc32(0, out, n), &e);
    MUST(status == VIT_OK || status == VIT_ERROR_CORRUPT);
#ifdef HAVE_ZLIB
    unsigned char *expected = malloc(n + 1);
    long made = reference(in, size - 2, expected, n + 1);
    MUST((made == (long)n) == (status == VIT_OK));
    MUST(status != VIT_OK || memcmp(expected, out, n) == 0);
    free(expected);
#endif
    free(s);
    free(in);
    free(out);
    return 0;
}
