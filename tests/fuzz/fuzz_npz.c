/* fuzz_npz.c: any bytes as an archive, as a .npy file in a good archive, and as a deflated one. */
#include "hostile/zip_writer.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
    if (size >= 2 && memcmp(data, "PK", 2) == 0) {
        fuzz_open(data, size, NULL);
        return 0;
    }
    zip_writer z = {0};
    zip_add(&z, "a.npy", data, size);
    zip_finish(&z);
    fuzz_open(z.file.data, z.file.size, NULL);
    zip_free(&z);
    if (size < 4) return 0;
    zip_add_packed(&z, "a.npy", 8, data + 4, size - 4, vi_load_u16(data), vi_load_u32(data));
    zip_finish(&z);
    fuzz_open(z.file.data, z.file.size, NULL);
    zip_free(&z);
    return 0;
}
