/* fuzz_index.c: any bytes as an index of shards, in a folder where there are two. */
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
    fuzz_open(data, size, "tests/formats/data/model/sharded");
    return 0;
}
