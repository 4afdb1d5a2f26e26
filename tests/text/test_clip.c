/* test_clip.c: CLIP's tokenizer on a few texts whose ids are known by heart, with the real vocabulary. */
#include "test.h"
#include "text/support.h"

static void test_known(void) {
    static const struct {
        const char *text;
        int32_t ids[12];
    } known[] = {
        {"a photo of a cat", {49406, 320, 1125, 539, 320, 2368, 49407}},
        {"  A Photo\tof\n a CAT ", {49406, 320, 1125, 539, 320, 2368, 49407}},
        {"a diagram", {49406, 320, 22697, 49407}},
        {"", {49406, 49407}},
    };
    vi_allocator a = {0};
    vi_error e = {0};
    vi_text_block block;
    vi_tokenizer t;
    size_t size;
    unsigned char *merges = text_read(text_shared_merges(), &size);
    if (merges == NULL) {
        SKIP("%s is not there", text_shared_merges());
        return;
    }
    vi_text_options options = {.origin = VI_TEXT_OPENAI, .name = "merges"};
    CHECK(vi_tokenizer_from_merges(&block, merges, size, NULL, 0, &options, &a, &e) == VIT_OK, "%s", e.text);
    CHECK(vi_tokenizer_open(&t, block.data, block.size, "block", &e) == VIT_OK, "%s", e.text);
    CHECK(t.begin == 49406 && t.end == 49407 && t.pad == 0 && t.vocabulary == 49408 && t.context == 77, "%d", t.begin);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        int32_t ids[77];
        size_t count = 0;
        CHECK(vi_tokenizer_encode(&t, known[i].text, strlen(known[i].text), ids, 77, &count, &a, &e) == VIT_OK, "%s", e.text);
        CHECK(count <= 12 && memcmp(ids, known[i].ids, count * sizeof *ids) == 0 && ids[count - 1] == 49407, "%s", known[i].text);
        for (size_t k = count; k < 77; k++) CHECK(ids[k] == 0, "%d", ids[k]);
    }
    vi_free(&a, block.data, block.size, VI_TEMPORARY);
    CHECK(a.in_use == 0, "a leak");
    free(merges);
}

TEST_MAIN(test_known)
