/* pickle_ops.h: the opcodes of a pickle and the stack machine that runs them; between pickle.c and pickle_ops.c. */
#ifndef VI_FORMAT_PICKLE_OPS_H
#define VI_FORMAT_PICKLE_OPS_H

#include "format/pickle.h"

#define VI_PICKLE_EMPTY UINT32_MAX /* a slot of the memo */

typedef enum vi_pickle_argument { /* what follows an opcode */
    VI_ARG_NONE, VI_ARG_1, VI_ARG_2, VI_ARG_4, VI_ARG_8, /* so many bytes */
    VI_ARG_SIZE_1, VI_ARG_SIZE_4, VI_ARG_SIZE_8,         /* a size of so many bytes, then that many bytes */
    VI_ARG_TWO_LINES
} vi_pickle_argument;

typedef struct vi_pickle_opcode {
    unsigned char argument;
    unsigned char values, pushes; /* at most: values made, values pushed */
    unsigned char kind;           /* what vi_pickle_run makes of it */
} vi_pickle_opcode;

typedef struct vi_pickle_token { /* an opcode as it stands in a pickle */
    const vi_pickle_opcode *op;
    unsigned char code;
    size_t head;      /* bytes of the opcode and of its number or size */
    uint64_t number;  /* little-endian */
    uint64_t payload; /* bytes after the head */
} vi_pickle_token;

typedef struct vi_pickle_room { /* what a whole pickle needs at most */
    uint64_t bytes;
    uint32_t values, pushes, puts, marks;
} vi_pickle_room;

typedef struct vi_pickle_machine {
    const unsigned char *bytes; /* [room.bytes] */
    vi_pickle_value *values;    /* [room.values] number 0 is None */
    vi_pickle_item *items;      /* [room.pushes + 1] number 0 is none */
    uint32_t *stack;            /* [room.pushes] numbers of values */
    uint32_t *memo;             /* [room.puts + 2] numbers of values; some picklers begin with slot 1 */
    uint32_t *marks;            /* [room.marks] heights of the stack */
    vi_pickle_room room;
    uint32_t value_count, item_count, height, mark_count, memo_count;
    bool wrong; /* sticky: stack or memo misused, or the pickle is not the one that was counted */
} vi_pickle_machine;

const vi_pickle_opcode *vi_pickle_find_opcode(unsigned char code); /* NULL: unknown */
/* One step of the machine. */
void vi_pickle_run(vi_pickle_machine *m, const vi_pickle_token *t, const unsigned char *payload);
/* Bytes of the line at p, with its end; 0 when none ends within n bytes. */
size_t vi_pickle_line(const unsigned char *p, size_t n);
/* The little-endian number of n <= 8 bytes. */
uint64_t vi_pickle_number(const unsigned char *p, size_t n);
/* The topmost value, not below the last mark. */
uint32_t vi_pickle_top(vi_pickle_machine *m);

#endif
