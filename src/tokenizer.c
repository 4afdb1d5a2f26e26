/* tokenizer.c: see tokenizer.h. What a file is, is found from its first bytes. */
#include "tokenizer.h"

#include "base/reader.h"
#include <stdio.h>
#include <string.h>

#define FILE_CAP (64u << 20) /* tokenizer.json of Gemma's vocabulary has 33 MB */

/* In this order: of SigLIP's two files transformers reads the first, of CLIP's the second. */
static const char *const names[] = {"spiece.model", "tokenizer.json", "merges.txt", "bpe_simple_vocab_16e6.txt.gz",
                                    "bpe_simple_vocab_16e6.txt"};

static bool starts_with(const unsigned char *data, size_t size, const char *start) {
    size_t n = strlen(start);
    return size >= n && memcmp(data, start, n) == 0;
}

/* JSON begins with a brace, a list of merges with its version or a quote, or is gzipped; SentencePiece's model with a piece. */
static int32_t compile(vi_tokenizer_files *f, const void *data, size_t size, const vi_text_options *how, vi_allocator *a,
                       vi_error *e) {
    const unsigned char *bytes = data;
    size_t blank = 0;
    while (blank < size && (bytes[blank] == ' ' || bytes[blank] == '\n' || bytes[blank] == '\r' || bytes[blank] == '\t')) blank++;
    if (blank < size && bytes[blank] == '{') return vi_tokenizer_from_json(&f->block, data, size, how, a, e);
    if (starts_with(bytes, size, "\n")) return vi_tokenizer_from_sentencepiece(&f->block, data, size, how, a, e);
    if (starts_with(bytes, size, "#version") || starts_with(bytes, size, "\"bpe_") || starts_with(bytes, size, "\x1f\x8b"))
        return vi_tokenizer_from_merges(&f->block, data, size, f->vocabulary, f->vocabulary_size, how, a, e);
    return vi_fail(e, VIT_ERROR_FORMAT,
                   "%s: is no tokenizer known here (tokenizer.json, merges.txt, bpe_simple_vocab_16e6.txt, spiece.model)",
                   how->name);
}

/* A whole file at `path` itself. */
static int32_t read_path(vi_tokenizer_files *f, const char *path, char *name, size_t name_size, vi_allocator *a, vi_error *e) {
    vi_reader r = {0};
    int32_t status = vi_reader_open_path(&r, path, false, e);
    if (status != VIT_OK) return status;
    snprintf(name, name_size, "%s", r.name);
    if (r.size > FILE_CAP)
        status = vi_fail(e, VIT_ERROR_LIMIT, "%s: %llu bytes, at most %u", r.name, (unsigned long long)r.size, FILE_CAP);
    if (status == VIT_OK) {
        f->file_size = (size_t)r.size;
        f->file = vi_alloc(a, f->file_size + 1, VI_TEMPORARY);
        status = f->file ? vi_reader_read(&r, 0, f->file, f->file_size, e)
                         : vi_alloc_failed(a, f->file_size + 1, "the tokenizer's file", e);
    }
    vi_reader_close(&r);
    return status;
}

/* The file `name` beside `path`, when it is there. */
static int32_t read_sibling(vi_tokenizer_files *f, const char *path, const char *name, vi_allocator *a, vi_error *e) {
    int32_t status = vi_read_sibling(path, name, FILE_CAP, a, &f->file, &f->file_size, e);
    if (status == VIT_OK && f->file && strcmp(name, "merges.txt") == 0)
        status = vi_read_sibling(path, "vocab.json", FILE_CAP, a, &f->vocabulary, &f->vocabulary_size, e);
    return status;
}

/* A kind or a size that we do not know costs the strings, not the model: token ids and pictures need no tokenizer. */
static int32_t find_sibling(vi_tokenizer_files *f, const char *path, vi_text_options how, vi_description *d, vi_allocator *a,
                            vi_error *e) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        vi_error why = {0};
        how.name = names[i];
        int32_t status = read_sibling(f, path, names[i], a, e);
        if (status != VIT_OK) return status;
        if (!f->file) continue;
        status = compile(f, f->file, f->file_size, &how, a, &why);
        if (status == VIT_OK) return VIT_OK;
        if (status != VIT_ERROR_UNSUPPORTED && status != VIT_ERROR_LIMIT) return vi_fail(e, status, "%s", why.text);
        vi_note(d, false, "texts: %s", why.text);
        vi_tokenizer_files_free(f, a);
    }
    return VIT_OK;
}

int32_t vi_tokenizer_find(vi_tokenizer_files *f, const char *path, const vit_options *o, vi_description *d, vi_allocator *a,
                          vi_error *e) {
    char shown[256] = "tokenizer";
    vi_text_options how = d->tokenizer;
    how.name = shown;
    if (o->tokenizer_data) return compile(f, o->tokenizer_data, o->tokenizer_size, &how, a, e);
    if (!o->tokenizer_path) return path ? find_sibling(f, path, how, d, a, e) : VIT_OK;
    int32_t status = read_path(f, o->tokenizer_path, shown, sizeof shown, a, e);
    return status == VIT_OK ? compile(f, f->file, f->file_size, &how, a, e) : status;
}

void vi_tokenizer_files_free(vi_tokenizer_files *f, vi_allocator *a) {
    vi_free(a, f->block.data, f->block.size, VI_TEMPORARY);
    vi_free(a, f->vocabulary, f->vocabulary_size + 1, VI_TEMPORARY);
    vi_free(a, f->file, f->file_size + 1, VI_TEMPORARY);
    *f = (vi_tokenizer_files){0};
}
