/* fuzz_vit.c: any bytes as a .vit file, with the checksum that the head then needs. */
#include "base/bytes.h"
#include "base/crc32.h"
#include "format/vit_layout.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
    fuzz_open(data, size, NULL);
    if (size < VITF_HEADER_BYTES) return 0;
    unsigned char *copy = malloc(size);
    memcpy(copy, data, size);
    uint64_t head = vi_load_u64(copy + VITF_AT_DATA);
    vi_store_u64(copy + VITF_AT_FILE_SIZE, size);
    vi_store_u32(copy + VITF_AT_CHECKSUM, 0);
    vi_store_u32(copy + VITF_AT_CHECKSUM, vi_crc32(0, copy, head < size ? (size_t)head : size));
    fuzz_open(copy, size, NULL);
    free(copy);
    return 0;
}
