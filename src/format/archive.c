/* archive.c: see archive.h. */
#include "format/archive.h"

#include <string.h>

static bool probe(const unsigned char *head, size_t n, uint64_t file_size) {
    (void)file_size;
    return n >= 4 && (memcmp(head, "PK\3\4", 4) == 0 || memcmp(head, "PK\5\6", 4) == 0); /* the second one is an empty archive */
}

static bool ends_with(const char *name, const char *end) {
    size_t n = strlen(name), m = strlen(end);
    return n > m && strcmp(name + n - m, end) == 0;
}

/* The only member called "<root>/data.pkl" with a root of one level; *several: there are more. */
static const vi_zip_member *find_pickle(const vi_zip *z, bool *several) {
    const vi_zip_member *found = NULL;
    for (size_t i = 0; i < z->count; i++) {
        const vi_zip_member *m = &z->members[i];
        if (!ends_with(m->name, "/data.pkl") || strchr(m->name, '/') != strrchr(m->name, '/')) continue;
        *several = found != NULL;
        found = m;
    }
    return found;
}

static bool has_arrays(const vi_zip *z) {
    for (size_t i = 0; i < z->count; i++) {
        if (ends_with(z->members[i].name, ".npy")) return true;
    }
    return false;
}

static int32_t unknown_archive(const vi_zip *z, vi_error *e) {
    char name[64] = "";
    if (z->count > 0) vi_printable(name, sizeof name, z->members[0].name, strlen(z->members[0].name));
    bool keras = vi_zip_find(z, "model.weights.h5") != NULL;
    return vi_fail(e, VIT_ERROR_FORMAT,
                   "%s: a zip archive of %llu files ('%s', ...), but neither a PyTorch file (it has no "
                   "<name>/data.pkl) nor a NumPy one (no .npy)%s",
                   z->reader->name, (unsigned long long)z->count, name, keras ? "; Keras models are not supported" : "");
}

static const vi_format npz, pytorch;

static int32_t read_members(vi_builder *b, const vi_zip *z) {
    bool several = false;
    const vi_zip_member *pickle = find_pickle(z, &several);
    if (several) return vi_fail(b->error, VIT_ERROR_CORRUPT, "%s: zip archive: more than one data.pkl", z->reader->name);
    if (pickle == NULL && !has_arrays(z)) return unknown_archive(z, b->error);
    b->directory->format = pickle != NULL ? &pytorch : &npz;
    return pickle != NULL ? vi_torch_read_zip(b, z, pickle) : vi_npz_read(b, z);
}

static int32_t pass(vi_builder *b, void *user) {
    (void)user;
    vi_zip z;
    int32_t status = vi_zip_open(&z, b->reader, b->allocator, b->error);
    if (status != VIT_OK) return status;
    status = read_members(b, &z);
    vi_zip_close(&z, b->allocator);
    return status;
}

static int32_t open(vi_directory *d, vi_reader *r, vi_allocator *a, vi_error *e) {
    (void)r;
    return vi_build(d, pass, NULL, a, e);
}

static const vi_format npz = {"npz", probe, open}, pytorch = {"pytorch", probe, open};
const vi_format vi_format_zip = {"npz or pytorch", probe, open};
