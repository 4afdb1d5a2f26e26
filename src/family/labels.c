/* labels.c: see labels.h. */
#include "family/labels.h"

#include "base/checked.h"
#include "base/sort.h"
#include "base/utf8.h"
#include <string.h>

/* One temporary block: pointers to sort and look up by, then the texts. */
typedef struct workspace {
    const vi_json_value **names; /* [classes], by index */
    const void **described;      /* [descriptions->count], sorted by key */
    const void **scratch;
    char *text;
} workspace;

static void drop(vi_description *d, const char *why) { vi_note(d, false, "labels: dropped, %s", why); }

static int by_key(const void *a, const void *b) {
    return strcmp(((const vi_json_value *)a)->key, ((const vi_json_value *)b)->key);
}

/* Bytes that the texts of all members need at most, with their NULs. */
static size_t text_bytes(const vi_json_value *list) {
    size_t bytes = 0; /* cannot overflow: all of it lies in memory already */
    for (const vi_json_value *v = list != NULL ? list->child : NULL; v != NULL; v = v->next) bytes += (size_t)v->length + 1;
    return bytes;
}

static int32_t open_workspace(vi_description *d, const vi_json_value *names, const vi_json_value *descriptions, workspace *w,
                              vi_allocator *a, vi_error *e) {
    size_t classes = names->count, described = descriptions != NULL ? descriptions->count : 0;
    size_t pointers, size;
    if (!vi_add_size(classes, 2 * described, &pointers) || !vi_mul_size(pointers, sizeof(void *), &size) ||
        !vi_add_size(size, text_bytes(names), &size) || !vi_add_size(size, text_bytes(descriptions), &size))
        return vi_fail(e, VIT_ERROR_LIMIT, "labels: too many");
    d->label_block = vi_alloc(a, size, VI_TEMPORARY);
    if (d->label_block == NULL) return vi_alloc_failed(a, size, "labels", e);
    d->label_block_size = size;
    w->names = (const vi_json_value **)d->label_block;
    w->described = (const void **)d->label_block + classes;
    w->scratch = w->described + described;
    w->text = (char *)(w->scratch + described);
    return VIT_OK;
}

/* "0", "17": the index, below `count`; -1 for anything else. */
static int64_t index_of(const char *key, size_t count) {
    int64_t index = 0;
    if (*key == '\0') return -1;
    for (; *key != '\0'; key++) {
        if (*key < '0' || *key > '9') return -1;
        index = index * 10 + (*key - '0');
        if (index >= (int64_t)count) return -1;
    }
    return index;
}

/* Every index must have exactly one text. */
static bool order_names(const vi_json_value *names, workspace *w) {
    size_t position = 0;
    for (const vi_json_value *v = names->child; v != NULL; v = v->next, position++) {
        int64_t index = names->kind == VI_JSON_OBJECT ? index_of(v->key, names->count) : (int64_t)position;
        if (index < 0 || v->kind != VI_JSON_STRING || w->names[index] != NULL) return false;
        w->names[index] = v;
    }
    return true;
}

static void sort_descriptions(const vi_json_value *descriptions, workspace *w) {
    size_t count = 0;
    for (const vi_json_value *v = descriptions->child; v != NULL; v = v->next) w->described[count++] = v;
    vi_sort(w->described, w->scratch, count, by_key);
}

static const char *description_of(const workspace *w, size_t count, const char *name) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const vi_json_value *v = (const vi_json_value *)w->described[middle];
        int order = strcmp(name, v->key);
        if (order == 0) return v->kind == VI_JSON_STRING ? v->text : name;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return name;
}

/* One description may serve several names: the texts then need more room than all descriptions together. */
static bool copy_texts(vi_description *d, const vi_json_value *descriptions, const workspace *w, size_t classes, size_t room) {
    size_t count = descriptions != NULL ? descriptions->count : 0;
    size_t used = 0;
    for (size_t i = 0; i < classes; i++) {
        const char *text = description_of(w, count, w->names[i]->text);
        size_t size = strlen(text) + 1;
        if (size > room - used) return false;
        memcpy(w->text + used, text, size);
        used += size;
    }
    d->label_bytes = used;
    return true;
}

int32_t vi_labels_from_json(vi_description *d, const vi_json_value *names, const vi_json_value *descriptions, vi_allocator *a,
                            vi_error *e) {
    if (names == NULL || d->hparams.classes == 0) return VIT_OK;
    if (names->kind != VI_JSON_ARRAY && names->kind != VI_JSON_OBJECT) {
        drop(d, "neither a list nor an object");
        return VIT_OK;
    }
    if (names->count != (uint32_t)d->hparams.classes) {
        vi_note(d, false, "labels: dropped, %lu names for %ld classes", (unsigned long)names->count, (long)d->hparams.classes);
        return VIT_OK;
    }
    if (descriptions != NULL && descriptions->kind != VI_JSON_OBJECT) descriptions = NULL;
    workspace w = {0};
    int32_t status = open_workspace(d, names, descriptions, &w, a, e);
    if (status != VIT_OK) return status;
    if (descriptions != NULL) sort_descriptions(descriptions, &w);
    if (!order_names(names, &w)) {
        drop(d, "not one text for every class");
    } else if (!copy_texts(d, descriptions, &w, names->count, text_bytes(names) + text_bytes(descriptions))) {
        drop(d, "several classes have the same description");
    } else {
        d->labels = w.text;
        d->label_count = names->count;
    }
    return VIT_OK;
}

int32_t vi_labels_from_text(vi_description *d, const unsigned char *text, size_t size, vi_allocator *a, vi_error *e) {
    size_t count = 0;
    for (size_t i = 0; i < size;) {
        size_t length = vi_utf8_length((const char *)text + i, size - i);
        if (length == 0) return vi_fail(e, VIT_ERROR_CORRUPT, "labels: not UTF-8 at byte %llu", (unsigned long long)i);
        if (text[i] == 0) count++;
        i += length;
    }
    if (count != (size_t)d->hparams.classes || (size > 0 && text[size - 1] != 0)) {
        vi_note(d, false, "labels: dropped, %llu names for %ld classes", (unsigned long long)count, (long)d->hparams.classes);
        return VIT_OK;
    }
    if (count == 0) return VIT_OK;
    d->label_block = vi_alloc(a, size, VI_TEMPORARY);
    if (d->label_block == NULL) return vi_alloc_failed(a, size, "labels", e);
    d->label_block_size = size;
    memcpy(d->label_block, text, size);
    d->labels = d->label_block;
    d->label_bytes = size;
    d->label_count = (uint32_t)count;
    return VIT_OK;
}
