/* pickle.h: reads the values of a Python pickle (protocols 2 to 5) and executes nothing: what a pickle would call or construct
 * is a value that says so. Only what such files really hold is known; anything else is refused.
 *
 * Memory is linear in the size of the pickle. Values are numbered and refer to each other by number, so a hostile pickle can
 * make cycles and shared values: whoever walks must bound the walk. */
#ifndef VI_FORMAT_PICKLE_H
#define VI_FORMAT_PICKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/alloc.h"
#include "base/reader.h"
#include "base/status.h"

#define VI_PICKLE_VALUES (1u << 20)

typedef enum vi_pickle_kind {
    VI_PICKLE_NONE,
    VI_PICKLE_BOOL, /* integer: 0 or 1 */
    VI_PICKLE_INT,  /* integer */
    VI_PICKLE_REAL, /* real */
    VI_PICKLE_TEXT, /* also the byte strings that Python 2 calls str */
    VI_PICKLE_BYTES,
    VI_PICKLE_LIST,   /* items */
    VI_PICKLE_TUPLE,  /* items */
    VI_PICKLE_DICT,   /* items: key, value, key, value ... */
    VI_PICKLE_GLOBAL, /* a class or function: `function` is the text of its module, `arguments` that of its name */
    VI_PICKLE_CALL,   /* function(*arguments) with the items of a DICT set on it, then its `state`, if any */
    VI_PICKLE_STORED, /* something outside of the pickle: `arguments` says what */
    VI_PICKLE_OTHER   /* sets, integers of more than 64 bits */
} vi_pickle_kind;

typedef struct vi_pickle_value {
    uint32_t kind;
    uint32_t count;       /* bytes of TEXT and BYTES; items */
    uint32_t first, last; /* TEXT and BYTES: first is the offset in the pickle; else numbers of items, 0: none */
    union {
        int64_t integer;
        double real;
        struct {
            uint32_t function, arguments; /* numbers of values */
        } call;
    } of;
    uint32_t state; /* number of a value; 0 (None): none */
} vi_pickle_value;

typedef struct vi_pickle_item { /* of a list, tuple or dictionary */
    uint32_t value, next;       /* numbers; next 0: the last one */
} vi_pickle_item;

typedef struct vi_pickle {
    const unsigned char *bytes;    /* [size] */
    const vi_pickle_value *values; /* [count]; number 0 is None */
    const vi_pickle_item *items;
    const vi_pickle_value *root;
    size_t size, count;
    const char *file; /* for messages */
    void *block;      /* temporary memory */
    size_t block_size;
} vi_pickle;

/* Reads the pickle that starts at `offset` and stops by itself before or at `end`; it takes p->size bytes. On failure nothing
 * is held. */
int32_t vi_pickle_open(vi_pickle *p, vi_reader *r, uint64_t offset, uint64_t end, vi_allocator *a, vi_error *e);
void vi_pickle_close(vi_pickle *p, vi_allocator *a);

/* ---- looking at values -------------------------------------------------------------------------------------------------- */

const char *vi_pickle_text(const vi_pickle *p, const vi_pickle_value *v); /* v->count bytes, no NUL; of TEXT and BYTES only */
bool vi_pickle_is(const vi_pickle *p, const vi_pickle_value *v, const char *text);
bool vi_pickle_is_global(const vi_pickle *p, const vi_pickle_value *v, const char *module, const char *name);
/* Item `index` of a LIST or TUPLE; NULL when v is neither or has fewer. Takes time linear in index. */
const vi_pickle_value *vi_pickle_item_at(const vi_pickle *p, const vi_pickle_value *v, uint32_t index);

/* Goes through the entries of a DICT, or of a CALL that is used as one: OrderedDict and the like. Others have no entries. */
typedef struct vi_pickle_entries {
    uint32_t item;
    bool pairs; /* each item is a list or tuple of key and value: an OrderedDict of Python 2 */
} vi_pickle_entries;
vi_pickle_entries vi_pickle_entries_of(const vi_pickle *p, const vi_pickle_value *v);
bool vi_pickle_next(const vi_pickle *p, vi_pickle_entries *at, const vi_pickle_value **key, const vi_pickle_value **value);
/* The value of a key; NULL when v has no such entry. */
const vi_pickle_value *vi_pickle_get(const vi_pickle *p, const vi_pickle_value *v, const char *key);

#endif
