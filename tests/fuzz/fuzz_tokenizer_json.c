/* fuzz_tokenizer_json.c: any bytes as a tokenizer.json. */
#include "fuzz/fuzz_text.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) { return fuzz_tokenizer('j', data, size); }
