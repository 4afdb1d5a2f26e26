/* fuzz_sentencepiece.c: any bytes as a spiece.model. */
#include "fuzz/fuzz_text.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) { return fuzz_tokenizer('s', data, size); }
