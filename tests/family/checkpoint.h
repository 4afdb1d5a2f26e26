/* checkpoint.h: checkpoints made up tensor by tensor, and what vi_describe says of them. The values are all zero: only names,
 * types and shapes matter here. */
#ifndef VIT_CHECKPOINT_H
#define VIT_CHECKPOINT_H

#include "family/family.h"
#include "test.h"
#include <stdarg.h>

#define MAX_SPECS 700

typedef struct spec {
    char name[96], shape[64];
    const char *dtype;
} spec;

typedef struct checkpoint {
    spec specs[MAX_SPECS];
    int count;
} checkpoint;

/* Everything open while a description is looked at. */
typedef struct described {
    int32_t status;
    vi_error e;
    vi_description d;
    const vi_family *family;
    vi_allocator a;
    vi_reader reader;
    vi_directory directory;
    vi_json config, preprocessor;
    unsigned char *file;
    size_t header; /* bytes of `file`; what the reader finds beyond them is zero */
} described;

static inline spec *find_spec(checkpoint *c, const char *name) {
    for (int i = 0; i < c->count; i++)
        if (strcmp(c->specs[i].name, name) == 0) return &c->specs[i];
    return NULL;
}

/* Adds a float tensor, or gives the one there is another shape. shape: "[3, 4]". */
static inline void put(checkpoint *c, const char *name, const char *shape, ...) {
    va_list args;
    spec *s = find_spec(c, name);
    if (!s) s = &c->specs[c->count++];
    snprintf(s->name, sizeof s->name, "%s", name);
    s->dtype = "F32";
    va_start(args, shape);
    vsnprintf(s->shape, sizeof s->shape, shape, args);
    va_end(args);
}

static inline void drop(checkpoint *c, const char *name) {
    spec *s = find_spec(c, name);
    CHECK(s != NULL, "no tensor %s", name);
    if (s) *s = c->specs[--c->count];
}

/* Removes every tensor whose name contains the fragment. */
static inline void drop_all(checkpoint *c, const char *fragment) {
    for (int i = c->count - 1; i >= 0; i--)
        if (strstr(c->specs[i].name, fragment)) c->specs[i] = c->specs[--c->count];
}

static inline void put_pair(checkpoint *c, const char *name, int rows, int cols) {
    char full[128];
    snprintf(full, sizeof full, "%s.weight", name);
    if (cols > 0)
        put(c, full, "[%d, %d]", rows, cols);
    else
        put(c, full, "[%d]", rows);
    snprintf(full, sizeof full, "%s.bias", name);
    put(c, full, "[%d]", rows);
}

static inline void put_block(checkpoint *c, const char *block, const char *const *names, int width, int mlp, int parts) {
    char name[96];
    const int rows[] = {width, 3 * width / parts, width, width, mlp, width}, cols[] = {0, width, width, 0, width, mlp};
    for (int i = 0; i < 6; i++) {
        snprintf(name, sizeof name, "%s%s", block, names[i]);
        put_pair(c, name, rows[i], cols[i]);
    }
}

/* timm: width 24, depth 2, 3 x 4 patches of 4 x 4 pixels, 5 classes, a class token. */
static inline checkpoint timm_checkpoint(void) {
    static const char *const names[] = {"norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2"};
    checkpoint c = {.count = 0};
    put(&c, "cls_token", "[1, 1, 24]");
    put(&c, "pos_embed", "[1, 17, 24]");
    put_pair(&c, "patch_embed.proj", 24, 0);
    put(&c, "patch_embed.proj.weight", "[24, 3, 4, 4]");
    for (int i = 0; i < 2; i++) put_block(&c, i ? "blocks.1." : "blocks.0.", names, 24, 40, 1);
    put_pair(&c, "norm", 24, 0);
    put_pair(&c, "head", 5, 24);
    return c;
}

/* transformers: the same model. */
static inline checkpoint hf_checkpoint(void) {
    static const char *const names[] = {"layernorm_before", "attention.attention.query", "attention.output.dense",
                                        "layernorm_after",  "intermediate.dense",        "output.dense"};
    checkpoint c = {.count = 0};
    put(&c, "vit.embeddings.cls_token", "[1, 1, 24]");
    put(&c, "vit.embeddings.position_embeddings", "[1, 17, 24]");
    put_pair(&c, "vit.embeddings.patch_embeddings.projection", 24, 0);
    put(&c, "vit.embeddings.patch_embeddings.projection.weight", "[24, 3, 4, 4]");
    for (int i = 0; i < 2; i++) {
        char name[96];
        snprintf(name, sizeof name, "vit.encoder.layer.%d.", i);
        put_block(&c, name, names, 24, 40, 3);
        snprintf(name, sizeof name, "vit.encoder.layer.%d.attention.attention.key", i);
        put_pair(&c, name, 24, 24);
        snprintf(name, sizeof name, "vit.encoder.layer.%d.attention.attention.value", i);
        put_pair(&c, name, 24, 24);
    }
    put_pair(&c, "vit.layernorm", 24, 0);
    put_pair(&c, "classifier", 5, 24);
    return c;
}

static inline uint64_t bytes_of(const spec *s) {
    uint64_t elements = 1, size = strcmp(s->dtype, "I64") == 0 ? 8 : strcmp(s->dtype, "F16") == 0 ? 2 : 4;
    for (const char *at = s->shape + 1; *at != ']';) {
        elements *= (uint64_t)strtoul(at, (char **)(uintptr_t)&at, 10);
        while (*at == ',' || *at == ' ') at++;
    }
    return elements * size;
}

/* The header of a safetensors file, whose data follows; free it. */
static inline unsigned char *checkpoint_header(const checkpoint *c, size_t *size, uint64_t *data_size) {
    size_t room = (size_t)c->count * 256 + 16, used = 8 + 1;
    uint64_t data = 0;
    char *header = malloc(room);
    header[8] = '{';
    for (int i = 0; i < c->count; i++) {
        uint64_t end = data + bytes_of(&c->specs[i]);
        used += (size_t)snprintf(
            header + used, room - used, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%llu,%llu]}", i ? "," : "",
            c->specs[i].name, c->specs[i].dtype, c->specs[i].shape, (unsigned long long)data, (unsigned long long)end);
        data = end;
    }
    header[used++] = '}';
    for (int i = 0; i < 8; i++) header[i] = (char)((uint64_t)(used - 8) >> (8 * i));
    *size = used;
    *data_size = data;
    return (unsigned char *)header;
}

/* The whole file; free it. */
static inline unsigned char *checkpoint_file(const checkpoint *c, size_t *size) {
    uint64_t data;
    unsigned char *header = checkpoint_header(c, size, &data), *file = calloc(1, *size + (size_t)data);
    memcpy(file, header, *size);
    free(header);
    *size += (size_t)data;
    return file;
}

/* Arguments are floats for certain; constants in an expression may have more digits (s390x). */
static inline int same(float a, float b) { return a == b; }

static inline vi_overrides no_overrides(void) {
    vi_overrides o = {-1, -1, -1, -1, -1, -1, -1, VIT_PASSES_HORIZONTAL_FIRST, -1, -1, 0, 0, {0}, {0}};
    return o;
}

/* Describes what the open reader holds. config, preprocessor: JSON text or NULL; o: NULL for none. */
static inline void describe_reader(described *r, const char *config, const char *preprocessor, const vi_overrides *o) {
    vi_overrides none = no_overrides();
    vi_checkpoint c = {.directory = &r->directory, .overrides = o ? o : &none};
    if (r->status == VIT_OK) r->status = vi_directory_open(&r->directory, &r->reader, &r->a, &r->e);
    if (r->status == VIT_OK && config) r->status = vi_json_parse(&r->config, config, strlen(config), "config.json", &r->a, &r->e);
    if (r->status == VIT_OK && preprocessor)
        r->status = vi_json_parse(&r->preprocessor, preprocessor, strlen(preprocessor), "preprocessor_config.json", &r->a, &r->e);
    c.config = r->config.root;
    c.preprocessor = r->preprocessor.root;
    if (r->status == VIT_OK) r->status = vi_describe(&c, &r->family, &r->d, &r->a, &r->e);
}

/* The same of a file in memory. close_described afterwards. */
static inline void describe_file(described *r, unsigned char *file, size_t size, const char *config, const char *preprocessor,
                                 const vi_overrides *o) {
    r->file = file;
    r->status = vi_reader_open_memory(&r->reader, file, size, &r->e);
    describe_reader(r, config, preprocessor, o);
}

/* A file of any size whose data nobody needs to have. */
static inline int32_t read_header(void *user, uint64_t offset, void *dst, size_t size) {
    const described *r = user;
    memset(dst, 0, size);
    if (offset < r->header) memcpy(dst, r->file + offset, size < r->header - (size_t)offset ? size : r->header - (size_t)offset);
    return 0;
}

static inline void close_described(described *r) {
    vi_description_free(&r->d, &r->a);
    vi_description_free(&r->d, &r->a); /* may be called twice */
    vi_json_free(&r->preprocessor, &r->a);
    vi_json_free(&r->config, &r->a);
    vi_directory_close(&r->directory, &r->a);
    vi_reader_close(&r->reader);
    CHECK(r->a.in_use == 0, "%zu bytes still in use", r->a.in_use);
    free(r->file);
    free(r);
}

static inline described *describe(const checkpoint *c, const char *config, const char *preprocessor, const vi_overrides *o) {
    uint64_t data;
    described *r = calloc(1, sizeof *r);
    r->file = checkpoint_header(c, &r->header, &data);
    r->status = vi_reader_open_callback(&r->reader, read_header, r, r->header + data, &r->e);
    describe_reader(r, config, preprocessor, o);
    return r;
}

/* The checkpoint must be described; NULL and a failed test otherwise. */
static inline described *accept(const checkpoint *c, const char *config, const char *preprocessor, const vi_overrides *o) {
    described *r = describe(c, config, preprocessor, o);
    CHECK(r->status == VIT_OK, "%s\n  config %s", r->e.text, config ? config : "none");
    if (r->status == VIT_OK) return r;
    close_described(r);
    return NULL;
}

/* Numbers in all tensors of the model, as a load counts them. */
static inline int64_t parameters_of(const vi_description *d) {
    int64_t sum = 0;
    vi_place p = {0};
    do {
        uint64_t rows, cols;
        vi_place_shape(p, &d->hparams, &rows, &cols);
        if (vi_source_at(d, p)->parts > 0) sum += (int64_t)(rows * cols);
    } while (vi_place_next(&p, &d->hparams));
    return sum;
}

/* It must be refused with this code and a message that holds each of the '|'-separated fragments. */
static inline void refuse(const checkpoint *c, const char *config, const char *preprocessor, const vi_overrides *o,
                          int32_t status, const char *fragments) {
    described *r = describe(c, config, preprocessor, o);
    CHECK(r->status == status, "status %d, expected %d: %s\n  config %s", (int)r->status, (int)status, r->e.text,
          config ? config : "none");
    while (*fragments) {
        char one[128];
        size_t length = strcspn(fragments, "|");
        snprintf(one, sizeof one, "%.*s", (int)length, fragments);
        CHECK(strstr(r->e.text, one) != NULL, "no '%s' in: %s", one, r->e.text);
        fragments += length + (fragments[length] == '|');
    }
    close_described(r);
}

#endif
