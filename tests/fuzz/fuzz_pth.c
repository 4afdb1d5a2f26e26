/* fuzz_pth.c: any bytes as a PyTorch file of either form, else as the pickle of a good archive with three storages. */
#include "hostile/zip_writer.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
    static const unsigned char storage[256];
    bool legacy = size > 4 && data[0] == 0x80 && memchr(data, 0x8A, size < 16 ? size : 16) != NULL;
    if (legacy || (size >= 2 && memcmp(data, "PK", 2) == 0)) {
        fuzz_open(data, size, NULL);
        return 0;
    }
    zip_writer z = {0};
    zip_add(&z, "a/data.pkl", data, size);
    zip_add(&z, "a/data/0", storage, 8);
    zip_add(&z, "a/data/1", storage, 24);
    zip_add(&z, "a/data/2", storage, 256);
    zip_finish(&z);
    fuzz_open(z.file.data, z.file.size, NULL);
    zip_free(&z);
    return 0;
}
