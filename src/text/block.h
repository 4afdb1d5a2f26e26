/* block.h: what a compiled tokenizer consists of, its bytes, and how they are written. docs/text.md has the layout in full.
 *
 * All numbers are little-endian. A table is an array of records of a fixed number of 32-bit words. */
#ifndef VI_TEXT_BLOCK_H
#define VI_TEXT_BLOCK_H

#include "base/bytes.h"
#include "text/tokenizer.h"

#define VI_BLOCK_MAGIC "vittext1" /* 8 bytes; the last is the version */
#define VI_BLOCK_HEADER 128u

/* Offsets of the header's words. */
#define VI_AT_SIZE 8u
#define VI_AT_MODEL 12u
#define VI_AT_VOCABULARY 16u
#define VI_AT_CONTEXT 20u
#define VI_AT_BEGIN 24u
#define VI_AT_END 28u
#define VI_AT_PAD 32u
#define VI_AT_UNKNOWN 36u
#define VI_AT_DROPPED 40u
#define VI_AT_FLAGS 44u
#define VI_AT_SCORE 48u /* f32: of a character that no piece has */
#define VI_AT_SPANS 56u /* VI_SPAN_COUNT of offset, count */

typedef enum vi_text_model {
    VI_MODEL_CLIP = 1,    /* CLIP's regular expression, then BPE over bytes, the last of a word being another symbol */
    VI_MODEL_BPE = 2,     /* BPE over the characters of the whole text, bytes for characters that the vocabulary lacks */
    VI_MODEL_UNIGRAM = 3, /* the pieces with the greatest sum of scores */
    VI_MODEL_COUNT
} vi_text_model;

#define VI_FLAG_PYTHON 1u  /* CLIP: the regular expression ignores case and takes specials as words of their own */
#define VI_FLAG_SPLITS 2u  /* CLIP: the regular expression finds specials, and the byte-level one after it splits them again */
#define VI_FLAG_DOUBLE 4u  /* UNIGRAM: sums are double (tokenizers), not float (sentencepiece) */
#define VI_FLAG_BARS 8u    /* UNIGRAM: a word begins at every bar, pieces never go on over it */
#define VI_FLAG_PREFIX 16u /* SENTENCEPIECE step: add_dummy_prefix */
#define VI_FLAG_TRIM 32u   /* SENTENCEPIECE step: remove_extra_whitespaces */
#define VI_FLAG_BYTES 64u  /* UNIGRAM: unknown characters become bytes */
#define VI_FLAG_AGAIN 128u /* an end that the text already has is not added again (transformers' SiglipTokenizer) */
#define VI_FLAGS 255u

/* The preparation of a text: bytes, done one after the other. */
typedef enum vi_text_step {
    VI_STEP_FTFY = 1,      /* ftfy.fix_text without the repair of encodings */
    VI_STEP_HTML,          /* html.unescape */
    VI_STEP_COMPOSE,       /* NFC */
    VI_STEP_LOWER,         /* str.lower: with the final sigma */
    VI_STEP_LOWER_EACH,    /* character by character */
    VI_STEP_JOIN,          /* " ".join(text.split()) */
    VI_STEP_BLANKS,        /* \s+ to one blank */
    VI_STEP_STRIP,         /* str.strip */
    VI_STEP_STRIP_RIGHT,   /* tokenizers' Strip(right) */
    VI_STEP_UNDERSCORE,    /* to a blank */
    VI_STEP_PUNCTUATION,   /* Python's string.punctuation goes */
    VI_STEP_BAR,           /* U+2581 before it, where it has another: blank */
    VI_STEP_BLANK_TO_BAR,
    VI_STEP_BLANKS_TO_BAR, /* two or more blanks to one bar */
    VI_STEP_WORDS,         /* a bar before each word that has none, white space goes */
    VI_STEP_METASPACE,     /* blanks to bars, and one before the text unless there is one */
    VI_STEP_MAP_CLUSTERS,  /* tokenizers' Precompiled */
    VI_STEP_SENTENCEPIECE, /* sentencepiece's normaliser: the map, blanks, the prefix */
    VI_STEP_UNKNOWN,       /* "<unk>" before it; see `dropped` */
    VI_STEP_SPLIT,         /* specials that are not VI_SPECIAL_NORMALIZED are cut out; the rest of the steps on what is between */
    VI_STEP_SPLIT_NORMALIZED, /* those that are */
    VI_STEP_COUNT
} vi_text_step;

#define VI_MOST_STEPS 32u

#define VI_SPECIAL_NORMALIZED 1u
#define VI_SPECIAL_LEFT 2u  /* takes the white space before it along */
#define VI_SPECIAL_RIGHT 4u
#define VI_SPECIAL_ALL 7u

/* pieces and specials: sorted by their bytes, none twice. */
#define VI_PIECE_WORDS 4u /* offset into strings, length, id, score (f32) or VI_SPECIAL_* */
#define VI_MERGE_WORDS 3u /* right id, rank, resulting id; sorted by the right one within those of a left one */
/* starts: first merge of each left id, and the count: vocabulary + 1 words. bytes: 512 ids (CLIP: of a byte, of a last byte) or
 * 256 (BPE, UNIGRAM: of <0x00>...); 0xFFFFFFFF: none. map: a double-array trie as sentencepiece has it; mapped: what it gives,
 * NUL-terminated. */
#define VI_NO_ID 0xFFFFFFFFu

enum {
    VI_SPAN_STRINGS, VI_SPAN_STEPS, VI_SPAN_PIECES, VI_SPAN_BYTES, VI_SPAN_STARTS, VI_SPAN_MERGES, VI_SPAN_SPECIALS, VI_SPAN_MAP,
    VI_SPAN_MAPPED, VI_SPAN_COUNT
};

/* What a block is written from; arrays are in the block's own byte order already. */
typedef struct vi_block_parts {
    vi_text_model model;
    uint32_t flags;
    int32_t vocabulary, context, begin, end, pad, unknown, dropped;
    float unknown_score;
    vi_text_span spans[VI_SPAN_COUNT];
} vi_block_parts;

int32_t vi_block_write(vi_text_block *out, const vi_block_parts *parts, vi_allocator *a, vi_error *e);

/* Pieces that begin with the same `depth` bytes: [low, high) of a table. */
typedef struct vi_piece_range {
    uint32_t low, high, depth;
} vi_piece_range;

/* Keeps those whose next byte this is; false when none is left. */
bool vi_piece_narrow(const vi_tokenizer *t, const vi_text_span *table, vi_piece_range *range, unsigned char next);
/* The piece that ends here: its record, or NULL. */
const unsigned char *vi_piece_ending(const vi_text_span *table, const vi_piece_range *range);
/* Id of the piece text[0..n), or -1. */
int32_t vi_piece_find(const vi_tokenizer *t, const char *text, size_t n);

static inline uint32_t vi_word(const unsigned char *record, uint32_t index) { return vi_load_u32(record + 4 * (size_t)index); }

#endif
