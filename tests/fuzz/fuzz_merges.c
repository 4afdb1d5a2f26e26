/* fuzz_merges.c: any bytes as a list of merges, packed or not. */
#include "fuzz/fuzz_text.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) { return fuzz_tokenizer('m', data, size); }
