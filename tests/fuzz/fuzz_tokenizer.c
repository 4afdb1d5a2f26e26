/* fuzz_tokenizer.c: any bytes as a compiled tokenizer. */
#include "fuzz/fuzz_text.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) { return fuzz_tokenizer('b', data, size); }
