/* test_labels.c: class names from every place where checkpoints keep them. */
#include "checkpoint.h"

/* Labels as one text, '|' between them; "" when there are none. */
static const char *joined(const described *r) {
    static char text[256];
    text[0] = '\0';
    const char *at = r->d.labels;
    for (uint32_t i = 0; i < r->d.label_count; i++, at += strlen(at) + 1) {
        if (i) strcat(text, "|");
        strcat(text, at);
    }
    if (r->d.label_count) CHECK((size_t)(at - r->d.labels) == r->d.label_bytes, "%zu bytes", r->d.label_bytes);
    return text;
}

static void labels_are(const checkpoint *c, const char *config, const char *labels, const char *note) {
    described *r = accept(c, config, NULL, NULL);
    if (!r) return;
    CHECK(strcmp(joined(r), labels) == 0, "%s: '%s'", config, joined(r));
    CHECK(strstr(r->d.notes, note) != NULL && (note[0] || !strstr(r->d.notes, "labels")), "%s: %s", config, r->d.notes);
    CHECK((r->d.labels != NULL) == (r->d.label_count > 0), "pointer and count");
    close_described(r);
}

static void from_timm(void) {
    checkpoint c = timm_checkpoint();
    labels_are(&c, "{\"label_names\":[\"a\",\"b\",\"\\u00e9\",\"\",\"e\"]}", "a|b|\xc3\xa9||e", "");
    labels_are(&c, "{\"pretrained_cfg\":{\"label_names\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}}", "a|b|c|d|e", "");
    labels_are(&c, "{\"labels\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}", "a|b|c|d|e", "");
    labels_are(&c, "{\"label_names\":{\"4\":\"e\",\"0\":\"a\",\"2\":\"c\",\"1\":\"b\",\"3\":\"d\"}}", "a|b|c|d|e", "");
    labels_are(&c,
               "{\"label_names\":[\"n5\",\"n4\",\"n3\",\"n2\",\"n1\"],\"label_descriptions\":"
               "{\"n1\":\"one\",\"n2\":\"two\",\"n5\":\"five, fine\",\"zz\":\"?\",\"n3\":3}}",
               "five, fine|n4|n3|two|one", "");
    labels_are(&c, "{\"label_names\":[\"a\",\"b\"]}", "", "2 names for 5 classes");
    labels_are(&c, "{\"label_names\":[\"a\",\"b\",\"c\",\"d\",5]}", "", "not one text");
    labels_are(&c, "{\"label_names\":{\"0\":\"a\",\"1\":\"b\",\"2\":\"c\",\"3\":\"d\",\"5\":\"e\"}}", "", "not one text");
    labels_are(&c, "{\"label_names\":{\"0\":\"a\",\"1\":\"b\",\"2\":\"c\",\"3\":\"d\",\"03\":\"e\"}}", "", "not one text");
    labels_are(&c, "{\"label_names\":{\"0\":\"a\",\"1\":\"b\",\"2\":\"c\",\"3\":\"d\",\"\":\"e\"}}", "", "not one text");
    labels_are(&c, "{\"label_names\":\"imagenet\"}", "", "neither a list");
    labels_are(&c,
               "{\"label_names\":[\"x\",\"x\",\"x\",\"x\",\"x\"],\"label_descriptions\":"
               "{\"x\":\"a description longer than all the names together are\"}}",
               "", "same description");
    labels_are(&c, "{\"label_names\":[\"a\\u0000hidden\",\"b\",\"c\",\"d\",\"e\"]}", "a|b|c|d|e", "");
    labels_are(&c, "{}", "", "");
    drop_all(&c, "head.");
    labels_are(&c, "{\"label_names\":[\"a\",\"b\"]}", "", "");
}

#define SIZES                                                                                                                    \
    "\"hidden_size\":24,\"num_hidden_layers\":2,\"intermediate_size\":40,\"patch_size\":4,"                                      \
    "\"num_attention_heads\":3,\"image_size\":16"

static void from_transformers(void) {
    checkpoint c = hf_checkpoint();
    labels_are(&c, "{" SIZES ",\"id2label\":{\"0\":\"a\",\"1\":\"b\",\"3\":\"d\",\"2\":\"c\",\"4\":\"e\"}}", "a|b|c|d|e", "");
    labels_are(&c, "{" SIZES ",\"id2label\":{\"0\":\"LABEL_0\",\"1\":\"LABEL_1\"}}", "", "2 names for 5 classes");
}

TEST_MAIN(from_timm, from_transformers)
