/* test_hostile.c: names, shapes and config files from an enemy, and memory that runs out at every allocation: vi_describe gives
 * an error or a complete description, and holds nothing afterwards. */
#include "google.h"

static unsigned long long seed = 20240601;

static unsigned below(unsigned n) { return (unsigned)(test_random(&seed) >> 33) % n; }

static const char *const configs[] = {
    "{\"architecture\":\"vit_tiny_patch16_224\",\"num_classes\":5,\"global_pool\":\"token\","
    "\"model_args\":{\"num_heads\":3,\"img_size\":[16,16],\"act_layer\":\"gelu\"},"
    "\"label_names\":[\"a\",\"b\",\"c\",\"d\",\"e\"],\"label_descriptions\":{\"a\":\"x\"},"
    "\"pretrained_cfg\":{\"input_size\":[3,16,16],\"interpolation\":\"bicubic\",\"crop_pct\":0.9,\"crop_mode\":\"center\","
    "\"mean\":[0.5,0.5,0.5],\"std\":[0.5,0.5,0.5]}}",
    "{\"model_type\":\"vit\",\"hidden_size\":24,\"num_hidden_layers\":2,\"num_attention_heads\":3,\"intermediate_size\":40,"
    "\"image_size\":16,\"patch_size\":4,\"hidden_act\":\"gelu\",\"layer_norm_eps\":1e-12,"
    "\"id2label\":{\"0\":\"a\",\"1\":\"b\",\"2\":\"c\",\"3\":\"d\",\"4\":\"e\"}}",
};
static const char *const preprocessor =
    "{\"size\":{\"height\":20,\"width\":20},\"do_center_crop\":true,\"crop_size\":16,\"resample\":3,"
    "\"image_mean\":[0.5,0.5,0.5],\"image_std\":0.5,\"rescale_factor\":0.0039,\"image_processor_type\":\"ViTImageProcessor\"}";

static checkpoint checkpoint_of(unsigned family) { return family ? hf_checkpoint() : timm_checkpoint(); }

/* All blocks in one stack, of which the family makes a directory of its own. */
static checkpoint stacked_checkpoint(void) {
    static const google_size size = {"stacked", 24, 40, 3, 2, 4, 16, 5, 0, 0, 0};
    checkpoint c;
    put_google(&c, "", &size, 1);
    return c;
}

static void changed_shapes_and_names(void) {
    static const char *const shapes[] = {
        "[]",       "[0]",          "[1]",        "[2, 0, 3]",          "[0, 2147483647]", "[2147483647, 0]",
        "[24, 24]", "[1, 1, 1, 1]", "[24, 3, 4]", "[1, 1, 1, 1, 1, 1]", "[1, 1, 24]",      "[24, 0, 4, 4]"};
    int refused = 0;
    for (int round = 0; round < 1500; round++) {
        unsigned family = below(2);
        checkpoint c = checkpoint_of(family);
        for (unsigned n = 1 + below(2); n > 0; n--) {
            spec *s = &c.specs[below((unsigned)c.count)];
            switch (below(4)) {
            case 0: drop(&c, s->name); break;
            case 1: snprintf(s->shape, sizeof s->shape, "%s", shapes[below(sizeof shapes / sizeof *shapes)]); break;
            case 2: s->name[below((unsigned)strlen(s->name))] = (char)('0' + below(75)); break;
            default: s->dtype = "I64";
            }
        }
        for (char *at = c.specs[0].name; *at; at++)
            if (*at == '"' || *at == '\\') *at = '_';
        described *r = describe(&c, below(2) ? configs[family] : NULL, below(2) ? preprocessor : NULL, NULL);
        refused += r->status != VIT_OK;
        CHECK((r->status == VIT_OK) == (r->d.blocks != NULL), "status %d", (int)r->status);
        CHECK(r->status == VIT_OK || r->e.text[0], "no message");
        close_described(r);
    }
    CHECK(refused > 1200 && refused < 1500, "%d of 1500 refused", refused);
}

/* One value of the JSON text in the place of another, or a byte changed. */
static void spoil(char *text) {
    size_t length = strlen(text);
    static const char replacements[] = "0123456789-.e[]{}\",: tfn";
    for (unsigned n = 1 + below(3); n > 0; n--) text[below((unsigned)length)] = replacements[below(sizeof replacements - 1)];
}

static void changed_configs(void) {
    int refused = 0;
    for (int round = 0; round < 3000; round++) {
        unsigned family = below(2);
        char config[1024], pixels[512];
        snprintf(config, sizeof config, "%s", configs[family]);
        snprintf(pixels, sizeof pixels, "%s", preprocessor);
        spoil(below(3) ? config : pixels);
        checkpoint c = checkpoint_of(family);
        described *r = describe(&c, config, pixels, NULL);
        refused += r->status != VIT_OK;
        CHECK(r->status == VIT_OK || r->e.text[0], "no message");
        close_described(r);
    }
    CHECK(refused > 1000 && refused < 3000, "%d of 3000 refused", refused);
}

/* Allocations left before memory runs out. */
static void *counted_alloc(void *user, size_t size, size_t align) {
    int *left = user;
    if ((*left)-- <= 0) return NULL;
    return aligned_alloc(align, (size + align - 1) / align * align);
}

static void counted_free(void *user, void *block, size_t size) {
    (void)user;
    (void)size;
    free(block);
}

static void memory_runs_out(void) {
    for (unsigned family = 0; family < 3; family++) {
        int needed = 0;
        for (int32_t status = VIT_ERROR_MEMORY; status == VIT_ERROR_MEMORY; needed++) {
            checkpoint c = family < 2 ? checkpoint_of(family) : stacked_checkpoint();
            const char *config = family < 2 ? configs[family] : NULL;
            described *r = calloc(1, sizeof *r);
            size_t size;
            unsigned char *file = checkpoint_file(&c, &size);
            int left = needed;
            r->a = (vi_allocator){.alloc = counted_alloc, .free = counted_free, .user = &left};
            describe_file(r, file, size, config, config ? preprocessor : NULL, NULL);
            status = r->status;
            CHECK(status == VIT_OK || status == VIT_ERROR_MEMORY, "%d: %s", (int)status, r->e.text);
            close_described(r);
        }
        /* Directory, two configs, blocks, labels; of the stack two directories and blocks. */
        CHECK(needed > (family < 2 ? 4 : 3), "%d allocations", needed);
    }
}

static void names_that_are_long_or_strange(void) {
    checkpoint c = timm_checkpoint();
    put(&c, "blocks.99999999999999999999.norm1.weight", "[24]");
    refuse(&c, NULL, NULL, NULL, VIT_ERROR_MODEL, "'blocks.99999999999999999999.norm1.weight'");
    c = timm_checkpoint();
    put(&c, "blocks.65536.norm1.weight", "[24]");
    refuse(&c, NULL, NULL, NULL, VIT_ERROR_MODEL, "depth is 65537");
    c = timm_checkpoint();
    put(&c, "blocks.-1.norm1.weight", "[24]");
    refuse(&c, NULL, NULL, NULL, VIT_ERROR_MODEL, "'blocks.-1.norm1.weight'");
    c = timm_checkpoint();
    put(&c, "blocks.01.norm1.weight", "[24]");
    refuse(&c, NULL, NULL, NULL, VIT_ERROR_MODEL, "'blocks.01.norm1.weight'");
    c = (checkpoint){.count = 0};
    refuse(&c, NULL, NULL, NULL, VIT_ERROR_MODEL, "no tensors");
}

TEST_MAIN(changed_shapes_and_names, changed_configs, memory_runs_out, names_that_are_long_or_strange)
