/* fuzz_gguf.c: any bytes as a file. */
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
    fuzz_open(data, size, NULL);
    return 0;
}
