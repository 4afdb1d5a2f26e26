/* pickle_ops.c: see pickle_ops.h. Each opcode does to the machine's values what CPython's unpickler does to objects, but calls
 * nothing. */
#include "format/pickle_ops.h"

#include <string.h>
#include "base/bytes.h"

typedef vi_pickle_machine machine;
typedef vi_pickle_token token;

/* ---- stack -------------------------------------------------------------------------------------------------------------- */

static void push(machine *m, uint32_t value) {
    if (m->height == m->room.pushes)
        m->wrong = true;
    else
        m->stack[m->height++] = value;
}

static uint32_t floor_of(const machine *m) { return m->mark_count > 0 ? m->marks[m->mark_count - 1] : 0; }

uint32_t vi_pickle_top(machine *m) {
    if (m->height > floor_of(m)) return m->stack[m->height - 1];
    m->wrong = true;
    return 0;
}

static uint32_t pop(machine *m) {
    uint32_t value = vi_pickle_top(m);
    if (!m->wrong) m->height--;
    return value;
}

/* Where the topmost n values begin. */
static uint32_t last(machine *m, uint32_t n) {
    if (m->height - floor_of(m) >= n) return m->height - n;
    m->wrong = true;
    return m->height;
}

/* Takes the last mark away; gives where the values above it begin. */
static uint32_t pop_mark(machine *m) {
    if (m->mark_count > 0) return m->marks[--m->mark_count];
    m->wrong = true;
    return m->height;
}

static void put(machine *m, uint64_t slot) {
    uint32_t value = vi_pickle_top(m);
    if (slot >= (uint64_t)m->room.puts + 2)
        m->wrong = true;
    else
        m->memo[slot] = value;
    m->memo_count++;
}

static void get(machine *m, uint64_t slot) {
    if (slot >= (uint64_t)m->room.puts + 2 || m->memo[slot] == VI_PICKLE_EMPTY)
        m->wrong = true;
    else
        push(m, m->memo[slot]);
}

static void mark(machine *m) {
    if (m->mark_count == m->room.marks)
        m->wrong = true;
    else
        m->marks[m->mark_count++] = m->height;
}

static void run_stack(machine *m, const token *t, const unsigned char *payload) {
    (void)payload;
    switch (t->code) {
    case '(': mark(m); break;
    case '0': /* POP takes a mark away when it is on top */
        if (m->mark_count > 0 && m->height == floor_of(m))
            pop_mark(m);
        else
            pop(m);
        break;
    case '1': m->height = pop_mark(m); break;
    case '2': push(m, vi_pickle_top(m)); break;
    case 'h':
    case 'j': get(m, t->number); break;
    case 'q':
    case 'r': put(m, t->number); break;
    case 0x94: put(m, m->memo_count); break;
    default: break; /* PROTO, FRAME, STOP */
    }
}

/* ---- atoms -------------------------------------------------------------------------------------------------------------- */

static uint32_t new_value(machine *m, vi_pickle_kind kind) {
    if (m->value_count == m->room.values) {
        m->wrong = true;
        return 0;
    }
    m->values[m->value_count].kind = kind;
    return m->value_count++;
}

static void push_int(machine *m, vi_pickle_kind kind, int64_t integer) {
    uint32_t v = new_value(m, kind);
    if (!m->wrong) m->values[v].of.integer = integer;
    push(m, v);
}

/* Two's complement of any length. */
static void push_long(machine *m, const unsigned char *p, uint64_t n) {
    if (n > 8) {
        push(m, new_value(m, VI_PICKLE_OTHER));
        return;
    }
    uint64_t v = vi_pickle_number(p, (size_t)n);
    if (n > 0 && n < 8 && p[n - 1] >= 128) v |= UINT64_MAX << (8 * n);
    int64_t integer;
    memcpy(&integer, &v, sizeof integer);
    push_int(m, VI_PICKLE_INT, integer);
}

/* The only number in a pickle that is big-endian. */
static void push_real(machine *m, uint64_t swapped) {
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)(swapped >> (8 * (7 - i)) & 0xFF);
    uint32_t v = new_value(m, VI_PICKLE_REAL);
    if (!m->wrong) m->values[v].of.real = vi_load_f64(bytes);
    push(m, v);
}

static uint32_t new_text(machine *m, vi_pickle_kind kind, const unsigned char *p, uint64_t n) {
    uint32_t v = new_value(m, kind);
    if (m->wrong) return v;
    m->values[v].first = (uint32_t)(p - m->bytes); /* a pickle has at most VI_MAX_HEADER bytes */
    m->values[v].count = (uint32_t)n;
    return v;
}

static void run_atom(machine *m, const token *t, const unsigned char *payload) {
    switch (t->code) {
    case 'N': push(m, 0); break;
    case 0x88: push_int(m, VI_PICKLE_BOOL, 1); break;
    case 0x89: push_int(m, VI_PICKLE_BOOL, 0); break;
    case 'J': push_int(m, VI_PICKLE_INT, (int64_t)t->number - (t->number < 0x80000000u ? 0 : 0x100000000)); break;
    case 'K':
    case 'M': push_int(m, VI_PICKLE_INT, (int64_t)t->number); break;
    case 0x8A:
    case 0x8B: push_long(m, payload, t->payload); break;
    case 'G': push_real(m, t->number); break;
    case 'B':
    case 'C':
    case 0x8E:
    case 0x96: push(m, new_text(m, VI_PICKLE_BYTES, payload, t->payload)); break;
    default: push(m, new_text(m, VI_PICKLE_TEXT, payload, t->payload));
    }
}

/* ---- containers --------------------------------------------------------------------------------------------------------- */

static bool has_kind(const machine *m, uint32_t value, vi_pickle_kind kind) { return m->values[value].kind == kind; }

static void add_item(machine *m, uint32_t container, uint32_t value) {
    vi_pickle_value *c = &m->values[container];
    if (m->item_count > m->room.pushes) {
        m->wrong = true;
        return;
    }
    m->items[m->item_count] = (vi_pickle_item){.value = value};
    if (c->count == 0)
        c->first = m->item_count;
    else
        m->items[c->last].next = m->item_count;
    c->last = m->item_count++;
    c->count++;
}

/* Moves stack[from .. height) into a container; what OTHER holds is not kept. */
static void move_items(machine *m, uint32_t container, uint32_t from) {
    for (uint32_t i = from; i < m->height && !has_kind(m, container, VI_PICKLE_OTHER); i++) add_item(m, container, m->stack[i]);
    m->height = from;
}

static void push_container(machine *m, vi_pickle_kind kind, uint32_t from) {
    uint32_t v = new_value(m, kind);
    if (kind == VI_PICKLE_DICT && (m->height - from) % 2 != 0) m->wrong = true;
    if (m->wrong) return;
    move_items(m, v, from);
    push(m, v);
}

/* The container below stack[from]. */
static uint32_t container_below(machine *m, uint32_t from) {
    if (from > floor_of(m)) return m->stack[from - 1];
    m->wrong = true;
    return 0;
}

/* An object may be used as a list or set as well: its items are not kept. */
static void append(machine *m, uint32_t from, vi_pickle_kind kind) {
    uint32_t container = container_below(m, from);
    if (has_kind(m, container, kind))
        move_items(m, container, from);
    else if (has_kind(m, container, VI_PICKLE_CALL))
        m->height = from;
    else
        m->wrong = true;
}

static void set_items(machine *m, uint32_t from) {
    uint32_t container = container_below(m, from);
    bool fits = has_kind(m, container, VI_PICKLE_DICT) || has_kind(m, container, VI_PICKLE_CALL);
    if (!fits || (m->height - from) % 2 != 0)
        m->wrong = true;
    else
        move_items(m, container, from);
}

static void run_container(machine *m, const token *t, const unsigned char *payload) {
    (void)payload;
    switch (t->code) {
    case ']': push_container(m, VI_PICKLE_LIST, m->height); break;
    case ')': push_container(m, VI_PICKLE_TUPLE, m->height); break;
    case '}': push_container(m, VI_PICKLE_DICT, m->height); break;
    case 0x8F: push_container(m, VI_PICKLE_OTHER, m->height); break;
    case 'l': push_container(m, VI_PICKLE_LIST, pop_mark(m)); break;
    case 't': push_container(m, VI_PICKLE_TUPLE, pop_mark(m)); break;
    case 'd': push_container(m, VI_PICKLE_DICT, pop_mark(m)); break;
    case 0x91: push_container(m, VI_PICKLE_OTHER, pop_mark(m)); break;
    case 0x85: push_container(m, VI_PICKLE_TUPLE, last(m, 1)); break;
    case 0x86: push_container(m, VI_PICKLE_TUPLE, last(m, 2)); break;
    case 0x87: push_container(m, VI_PICKLE_TUPLE, last(m, 3)); break;
    case 'a': append(m, last(m, 1), VI_PICKLE_LIST); break;
    case 'e': append(m, pop_mark(m), VI_PICKLE_LIST); break;
    case 0x90: append(m, pop_mark(m), VI_PICKLE_OTHER); break;
    case 's': set_items(m, last(m, 2)); break;
    default: set_items(m, pop_mark(m)); /* SETITEMS */
    }
}

/* ---- objects ------------------------------------------------------------------------------------------------------------ */

static void push_pair(machine *m, vi_pickle_kind kind, uint32_t function, uint32_t arguments) {
    uint32_t v = new_value(m, kind);
    if (m->wrong) return;
    m->values[v].of.call.function = function;
    m->values[v].of.call.arguments = arguments;
    push(m, v);
}

static void push_global(machine *m, const token *t, const unsigned char *payload) {
    size_t first = vi_pickle_line(payload, (size_t)t->payload);
    uint32_t module = new_text(m, VI_PICKLE_TEXT, payload, first - 1);
    uint32_t name = new_text(m, VI_PICKLE_TEXT, payload + first, t->payload - first - 1);
    push_pair(m, VI_PICKLE_GLOBAL, module, name);
}

static void push_stack_global(machine *m) {
    uint32_t name = pop(m), module = pop(m);
    if (!has_kind(m, name, VI_PICKLE_TEXT) || !has_kind(m, module, VI_PICKLE_TEXT)) m->wrong = true;
    push_pair(m, VI_PICKLE_GLOBAL, module, name);
}

static void push_call(machine *m) {
    uint32_t arguments = pop(m), function = pop(m);
    if (!has_kind(m, arguments, VI_PICKLE_TUPLE)) m->wrong = true;
    push_pair(m, VI_PICKLE_CALL, function, arguments);
}

static void set_state(machine *m) {
    uint32_t state = pop(m), object = vi_pickle_top(m);
    if (has_kind(m, object, VI_PICKLE_CALL)) m->values[object].state = state;
}

static void run_object(machine *m, const token *t, const unsigned char *payload) {
    switch (t->code) {
    case 'c': push_global(m, t, payload); break;
    case 0x93: push_stack_global(m); break;
    case 'b': set_state(m); break;
    case 'Q': push_pair(m, VI_PICKLE_STORED, 0, pop(m)); break;
    case 0x92:
        pop(m); /* NEWOBJ_EX: arguments by name come last, and are not kept */
    /* fall through */
    default: push_call(m); /* REDUCE, NEWOBJ */
    }
}

/* ---- the table ---------------------------------------------------------------------------------------------------------- */

enum { UNKNOWN, STACK, ATOM, CONTAINER, OBJECT }; /* numbers, not functions: a table of addresses is five times as large */

/* By code, as in CPython's Lib/pickletools.py. */
static const vi_pickle_opcode opcodes[256] = {
    [0x80] = {VI_ARG_1, 0, 0, STACK},         /* PROTO */
    [0x95] = {VI_ARG_8, 0, 0, STACK},         /* FRAME */
    ['.'] = {VI_ARG_NONE, 0, 0, STACK},       /* STOP */
    ['('] = {VI_ARG_NONE, 0, 0, STACK},       /* MARK */
    ['0'] = {VI_ARG_NONE, 0, 0, STACK},       /* POP */
    ['1'] = {VI_ARG_NONE, 0, 0, STACK},       /* POP_MARK */
    ['2'] = {VI_ARG_NONE, 0, 1, STACK},       /* DUP */
    ['h'] = {VI_ARG_1, 0, 1, STACK},          /* BINGET */
    ['j'] = {VI_ARG_4, 0, 1, STACK},          /* LONG_BINGET */
    ['q'] = {VI_ARG_1, 0, 0, STACK},          /* BINPUT */
    ['r'] = {VI_ARG_4, 0, 0, STACK},          /* LONG_BINPUT */
    [0x94] = {VI_ARG_NONE, 0, 0, STACK},      /* MEMOIZE */
    ['N'] = {VI_ARG_NONE, 0, 1, ATOM},        /* NONE */
    [0x88] = {VI_ARG_NONE, 1, 1, ATOM},       /* NEWTRUE */
    [0x89] = {VI_ARG_NONE, 1, 1, ATOM},       /* NEWFALSE */
    ['J'] = {VI_ARG_4, 1, 1, ATOM},           /* BININT */
    ['K'] = {VI_ARG_1, 1, 1, ATOM},           /* BININT1 */
    ['M'] = {VI_ARG_2, 1, 1, ATOM},           /* BININT2 */
    [0x8A] = {VI_ARG_SIZE_1, 1, 1, ATOM},     /* LONG1 */
    [0x8B] = {VI_ARG_SIZE_4, 1, 1, ATOM},     /* LONG4 */
    ['G'] = {VI_ARG_8, 1, 1, ATOM},           /* BINFLOAT */
    ['X'] = {VI_ARG_SIZE_4, 1, 1, ATOM},      /* BINUNICODE */
    [0x8C] = {VI_ARG_SIZE_1, 1, 1, ATOM},     /* SHORT_BINUNICODE */
    [0x8D] = {VI_ARG_SIZE_8, 1, 1, ATOM},     /* BINUNICODE8 */
    ['T'] = {VI_ARG_SIZE_4, 1, 1, ATOM},      /* BINSTRING */
    ['U'] = {VI_ARG_SIZE_1, 1, 1, ATOM},      /* SHORT_BINSTRING */
    ['B'] = {VI_ARG_SIZE_4, 1, 1, ATOM},      /* BINBYTES */
    ['C'] = {VI_ARG_SIZE_1, 1, 1, ATOM},      /* SHORT_BINBYTES */
    [0x8E] = {VI_ARG_SIZE_8, 1, 1, ATOM},     /* BINBYTES8 */
    [0x96] = {VI_ARG_SIZE_8, 1, 1, ATOM},     /* BYTEARRAY8 */
    [']'] = {VI_ARG_NONE, 1, 1, CONTAINER},   /* EMPTY_LIST */
    ['l'] = {VI_ARG_NONE, 1, 1, CONTAINER},   /* LIST */
    ['a'] = {VI_ARG_NONE, 0, 0, CONTAINER},   /* APPEND */
    ['e'] = {VI_ARG_NONE, 0, 0, CONTAINER},   /* APPENDS */
    [')'] = {VI_ARG_NONE, 1, 1, CONTAINER},   /* EMPTY_TUPLE */
    ['t'] = {VI_ARG_NONE, 1, 1, CONTAINER},   /* TUPLE */
    [0x85] = {VI_ARG_NONE, 1, 1, CONTAINER},  /* TUPLE1 */
    [0x86] = {VI_ARG_NONE, 1, 1, CONTAINER},  /* TUPLE2 */
    [0x87] = {VI_ARG_NONE, 1, 1, CONTAINER},  /* TUPLE3 */
    ['}'] = {VI_ARG_NONE, 1, 1, CONTAINER},   /* EMPTY_DICT */
    ['d'] = {VI_ARG_NONE, 1, 1, CONTAINER},   /* DICT */
    ['s'] = {VI_ARG_NONE, 0, 0, CONTAINER},   /* SETITEM */
    ['u'] = {VI_ARG_NONE, 0, 0, CONTAINER},   /* SETITEMS */
    [0x8F] = {VI_ARG_NONE, 1, 1, CONTAINER},  /* EMPTY_SET */
    [0x90] = {VI_ARG_NONE, 0, 0, CONTAINER},  /* ADDITEMS */
    [0x91] = {VI_ARG_NONE, 1, 1, CONTAINER},  /* FROZENSET */
    ['c'] = {VI_ARG_TWO_LINES, 3, 1, OBJECT}, /* GLOBAL */
    [0x93] = {VI_ARG_NONE, 1, 1, OBJECT},     /* STACK_GLOBAL */
    ['R'] = {VI_ARG_NONE, 1, 1, OBJECT},      /* REDUCE */
    [0x81] = {VI_ARG_NONE, 1, 1, OBJECT},     /* NEWOBJ */
    [0x92] = {VI_ARG_NONE, 1, 1, OBJECT},     /* NEWOBJ_EX */
    ['b'] = {VI_ARG_NONE, 0, 0, OBJECT},      /* BUILD */
    ['Q'] = {VI_ARG_NONE, 1, 1, OBJECT},      /* BINPERSID */
};

const vi_pickle_opcode *vi_pickle_find_opcode(unsigned char code) {
    return opcodes[code].kind == UNKNOWN ? NULL : &opcodes[code];
}

void vi_pickle_run(vi_pickle_machine *m, const vi_pickle_token *t, const unsigned char *payload) {
    switch (t->op->kind) {
    case STACK: run_stack(m, t, payload); break;
    case ATOM: run_atom(m, t, payload); break;
    case CONTAINER: run_container(m, t, payload); break;
    default: run_object(m, t, payload);
    }
}

size_t vi_pickle_line(const unsigned char *p, size_t n) {
    const unsigned char *end = memchr(p, '\n', n);
    return end == NULL ? 0 : (size_t)(end - p) + 1;
}

uint64_t vi_pickle_number(const unsigned char *p, size_t n) {
    uint64_t v = 0;
    for (size_t i = n; i-- > 0;) v = v << 8 | p[i];
    return v;
}
