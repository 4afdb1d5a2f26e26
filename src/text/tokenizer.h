/* Room rule: text turns strings into token ids; it may include base/ only. It knows nothing of models, weights or pictures.
 *
 * tokenizer.h: the tokenizers of CLIP (byte-level BPE) and SigLIP (SentencePiece unigram; BPE with byte fallback), equal to the
 * reference implementations; docs/text.md says which, and where they differ among themselves.
 *
 * A tokenizer is compiled once, from the files that a checkpoint comes with, into a block of bytes: little-endian, offsets only,
 * any alignment. A .vit file stores the block as it is; it is used in place, shared between contexts and threads, never written.
 * A block from a file is untrusted: vi_tokenizer_open validates all of it. */
#ifndef VI_TEXT_TOKENIZER_H
#define VI_TEXT_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/alloc.h"
#include "base/status.h"

#define VI_TEXT_MAX_BYTES (1u << 24)  /* of one text; longer: VIT_ERROR_LIMIT */
#define VI_TEXT_MAX_CONTEXT (1 << 16)

/* Whose code prepares texts. The three differ in what they do to a string before the vocabulary is asked. */
typedef enum vi_text_origin {
    VI_TEXT_OPENAI,    /* OpenAI's CLIP: HTML entities, white space, lower case; <|startoftext|> means something; padded with 0 */
    VI_TEXT_OPEN_CLIP, /* the same with <start_of_text>; Hugging Face vocabularies with `clean` before them */
    VI_TEXT_HF         /* transformers' CLIPTokenizer and SiglipTokenizer, or what tokenizer.json says */
} vi_text_origin;

/* open_clip's tokenizer_kwargs.clean. */
typedef enum vi_text_clean {
    VI_CLEAN_DEFAULT,     /* OPENAI, OPEN_CLIP: lower (CLIP's BPE), whitespace (any other vocabulary); HF: none */
    VI_CLEAN_NONE,
    VI_CLEAN_WHITESPACE,  /* HTML entities, runs of white space to one blank, none at the ends */
    VI_CLEAN_LOWER,       /* and lower case */
    VI_CLEAN_CANONICALIZE /* and no ASCII punctuation: SigLIP in open_clip */
} vi_text_clean;

typedef struct vi_text_options {
    vi_text_origin origin;
    vi_text_clean clean;
    int32_t context;  /* 0: 77 for CLIP, 64 for SigLIP */
    const char *name; /* of the file, for messages */
    const char *pad;  /* tokenizer.json: pad_token of tokenizer_config.json; NULL: <pad> where there is one, else the end */
} vi_text_options;

typedef struct vi_text_block { /* one VI_TEMPORARY allocation: vi_free(a, data, size, VI_TEMPORARY) */
    unsigned char *data;
    size_t size;
} vi_text_block;

/* Compile a block. On failure nothing is left; the message names `options->name` and what is not supported.
 * merges: CLIP's bpe_simple_vocab_16e6.txt, as it is or gzipped, or Hugging Face's merges.txt. vocab (NULL: as CLIP counts them)
 * is vocab.json beside merges.txt. */
int32_t vi_tokenizer_from_merges(vi_text_block *out, const void *merges, size_t size, const char *vocab, size_t vocab_size,
                                 const vi_text_options *options, vi_allocator *a, vi_error *e);
/* Hugging Face's tokenizer.json: BPE of CLIP, Unigram of SigLIP, BPE with byte fallback of SigLIP 2. */
int32_t vi_tokenizer_from_json(vi_text_block *out, const char *json, size_t size, const vi_text_options *options, vi_allocator *a,
                               vi_error *e);
/* SentencePiece's spiece.model, unigram, with its precompiled normaliser. Origin HF: SiglipTokenizer; OPEN_CLIP: the fast T5
 * tokenizer behind `clean`; OPENAI: the model alone, as sentencepiece itself encodes. */
int32_t vi_tokenizer_from_sentencepiece(vi_text_block *out, const void *model, size_t size, const vi_text_options *options,
                                        vi_allocator *a, vi_error *e);

typedef struct vi_text_span { /* an array in a block */
    const unsigned char *data;
    uint32_t count; /* elements */
} vi_text_span;

typedef struct vi_tokenizer { /* a validated block; copy it freely */
    const unsigned char *block; /* the caller's; must stay where it is */
    uint32_t size;
    int32_t model;                     /* vi_text_model (block.h) */
    uint32_t flags;                    /* VI_FLAG_* */
    int32_t vocabulary, context;       /* ids are 0 .. vocabulary - 1; context: what the model was trained with */
    int32_t begin, end, pad, unknown;  /* ids; -1: none */
    int32_t dropped;                   /* ids to forget in front of every stretch of text (VI_STEP_UNKNOWN) */
    float unknown_score;
    vi_text_span strings, steps, pieces, bytes, starts, merges, specials, map, mapped; /* block.h */
} vi_tokenizer;

/* VIT_ERROR_CORRUPT, VIT_ERROR_UNSUPPORTED (a newer version). Allocates nothing. */
int32_t vi_tokenizer_open(vi_tokenizer *t, const void *block, size_t size, const char *name, vi_error *e);

/* Exactly `context` ids: begin, those of the text, end, padding. A text that is too long is cut with the end still last, as the
 * references do. *count (may be NULL) receives how many there are before cutting and padding: more than `context` says that the
 * text was cut. Invalid UTF-8 is read as Python's errors="replace" does; a NUL is a character like any other.
 * Allocates temporary memory only, at most 40 bytes for each byte of the text's normal form (a malformed byte becomes 3) plus
 * 16 KiB. Time O(n log n). Codes: MEMORY, LIMIT. Any thread. */
int32_t vi_tokenizer_encode(const vi_tokenizer *t, const char *text, size_t n, int32_t *ids, size_t context, size_t *count,
                            vi_allocator *a, vi_error *e);

#endif
