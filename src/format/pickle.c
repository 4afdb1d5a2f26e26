/* pickle.c: see pickle.h. A first pass over the opcodes counts what they can make at most; then one block is allocated, and
 * the stack machine of pickle_ops.c runs over a copy of the pickle. */
#include "format/pickle.h"

#include <string.h>
#include "base/arena.h"
#include "format/format.h"
#include "format/pickle_ops.h"

/* ---- opcodes ------------------------------------------------------------------------------------------------------------ */

/* The opcode at p, with its head within n bytes. False: unknown (t->op NULL) or cut off. */
static bool next_token(const unsigned char *p, size_t n, vi_pickle_token *t) {
    static const unsigned char sizes[] = {[VI_ARG_NONE] = 0, [VI_ARG_1] = 1,      [VI_ARG_2] = 2,      [VI_ARG_4] = 4,
                                          [VI_ARG_8] = 8,    [VI_ARG_SIZE_1] = 1, [VI_ARG_SIZE_4] = 4, [VI_ARG_SIZE_8] = 8};
    *t = (vi_pickle_token){.head = 1};
    if (n == 0) return false;
    t->code = p[0];
    t->op = vi_pickle_find_opcode(t->code);
    if (t->op == NULL) return false;
    if (t->op->argument == VI_ARG_TWO_LINES) {
        size_t first = vi_pickle_line(p + 1, n - 1), second = first > 0 ? vi_pickle_line(p + 1 + first, n - 1 - first) : 0;
        t->payload = first + second;
        return second > 0;
    }
    size_t size = sizes[t->op->argument];
    if (size > n - 1) return false;
    t->head += size;
    t->number = vi_pickle_number(p + 1, size);
    if (t->op->argument >= VI_ARG_SIZE_1) t->payload = t->number;
    return true;
}

static int32_t bad_token(const vi_reader *r, uint64_t at, const vi_pickle_token *t, vi_error *e) {
    if (t->op != NULL) {
        return vi_fail(e, VIT_ERROR_CORRUPT, "%s: pickle: the opcode at byte %llu is cut off", r->name, (unsigned long long)at);
    }
    return vi_fail(e, VIT_ERROR_UNSUPPORTED, "%s: pickle: unknown opcode 0x%02x at byte %llu (protocols 2 to 5 are read)",
                   r->name, (unsigned)t->code, (unsigned long long)at);
}

/* ---- counting ----------------------------------------------------------------------------------------------------------- */

static int32_t count_token(vi_pickle_room *room, const vi_pickle_token *t, const vi_reader *r, vi_error *e) {
    room->bytes += t->head + t->payload;
    room->values += t->op->values;
    room->pushes += t->op->pushes;
    room->marks += t->code == '(';
    room->puts += t->code == 'q' || t->code == 'r' || t->code == 0x94;
    if (room->bytes > VI_MAX_HEADER) {
        return vi_fail(e, VIT_ERROR_LIMIT, "%s: pickle: more than %u bytes", r->name, VI_MAX_HEADER);
    }
    bool fits = room->values <= VI_PICKLE_VALUES && room->pushes <= 2 * VI_PICKLE_VALUES && room->puts <= VI_PICKLE_VALUES &&
                room->marks <= VI_PICKLE_VALUES;
    return fits ? VIT_OK : vi_fail(e, VIT_ERROR_LIMIT, "%s: pickle: more than %u values", r->name, VI_PICKLE_VALUES);
}

/* From offset up to and with the STOP. */
static int32_t count(vi_pickle_room *room, vi_reader *r, uint64_t offset, uint64_t end, vi_error *e) {
    unsigned char piece[1024];
    size_t have = 0, used = 0; /* of piece; piece[used] is byte `at` of the file */
    *room = (vi_pickle_room){.values = 1};
    for (uint64_t at = offset;; at = offset + room->bytes) {
        /* A head, and the two lines of GLOBAL, must lie within half a piece. */
        if (have - used < sizeof piece / 2 && end - at > have - used) {
            have = end - at < sizeof piece ? (size_t)(end - at) : sizeof piece;
            used = 0;
            int32_t status = vi_reader_read(r, at, piece, have, e);
            if (status != VIT_OK) return status;
        }
        if (have == used) return vi_fail(e, VIT_ERROR_CORRUPT, "%s: truncated: a pickle has no end", r->name);
        vi_pickle_token t;
        if (!next_token(piece + used, have - used, &t) || t.payload > end - at - t.head) {
            return bad_token(r, at, &t, e);
        }
        used = t.payload < have - used - t.head ? used + t.head + (size_t)t.payload : have;
        int32_t status = count_token(room, &t, r, e);
        if (status != VIT_OK || t.code == '.') return status;
    }
}

/* ---- running ------------------------------------------------------------------------------------------------------------ */

static int32_t run(vi_pickle_machine *m, uint32_t *root, const vi_reader *r, uint64_t offset, vi_error *e) {
    memset(m->memo, 0xFF, ((size_t)m->room.puts + 2) * sizeof *m->memo);
    m->value_count = m->item_count = 1;
    for (size_t at = 0; at < m->room.bytes;) {
        size_t left = (size_t)m->room.bytes - at;
        vi_pickle_token t;
        if (!next_token(m->bytes + at, left, &t) || t.payload > left - t.head)
            m->wrong = true;
        else
            vi_pickle_run(m, &t, m->bytes + at + t.head);
        if (!m->wrong && t.code == '.') *root = vi_pickle_top(m);
        if (m->wrong) {
            return vi_fail(e, VIT_ERROR_CORRUPT, "%s: pickle: the opcode at byte %llu does not fit what comes before it", r->name,
                           (unsigned long long)(offset + at));
        }
        at += t.head + (size_t)t.payload;
    }
    return VIT_OK;
}

static unsigned char *lay_out(vi_pickle_machine *m, vi_arena *arena, const vi_pickle_room *room) {
    unsigned char *copy = vi_arena_take(arena, (size_t)room->bytes, 1);
    *m = (vi_pickle_machine){.bytes = copy, .room = *room};
    m->values = vi_arena_take(arena, room->values, sizeof *m->values);
    m->items = vi_arena_take(arena, (size_t)room->pushes + 1, sizeof *m->items);
    m->stack = vi_arena_take(arena, room->pushes, sizeof *m->stack);
    m->memo = vi_arena_take(arena, (size_t)room->puts + 2, sizeof *m->memo);
    m->marks = vi_arena_take(arena, room->marks, sizeof *m->marks);
    return copy;
}

int32_t vi_pickle_open(vi_pickle *p, vi_reader *r, uint64_t offset, uint64_t end, vi_allocator *a, vi_error *e) {
    vi_pickle_room room;
    int32_t status = count(&room, r, offset, end, e);
    if (status != VIT_OK) return status;
    vi_pickle_machine m;
    vi_arena arena = vi_arena_measure();
    lay_out(&m, &arena, &room);
    vi_pickle opened = {.size = (size_t)room.bytes, .file = r->name, .block_size = arena.used};
    opened.block = vi_alloc(a, opened.block_size, VI_TEMPORARY);
    if (opened.block == NULL) return vi_alloc_failed(a, opened.block_size, "a pickle", e);
    arena = vi_arena_over(opened.block, opened.block_size);
    unsigned char *copy = lay_out(&m, &arena, &room);
    uint32_t root = 0;
    status = vi_reader_read(r, offset, copy, opened.size, e);
    if (status == VIT_OK) status = run(&m, &root, r, offset, e);
    opened.bytes = copy;
    opened.values = m.values;
    opened.count = m.value_count;
    opened.items = m.items;
    opened.root = &m.values[root];
    if (status == VIT_OK)
        *p = opened;
    else
        vi_pickle_close(&opened, a);
    return status;
}

void vi_pickle_close(vi_pickle *p, vi_allocator *a) {
    vi_free(a, p->block, p->block_size, VI_TEMPORARY);
    *p = (vi_pickle){0};
}

/* ---- looking at values -------------------------------------------------------------------------------------------------- */

const char *vi_pickle_text(const vi_pickle *p, const vi_pickle_value *v) { return (const char *)p->bytes + v->first; }

bool vi_pickle_is(const vi_pickle *p, const vi_pickle_value *v, const char *text) {
    return v->kind == VI_PICKLE_TEXT && v->count == strlen(text) && memcmp(vi_pickle_text(p, v), text, v->count) == 0;
}

bool vi_pickle_is_global(const vi_pickle *p, const vi_pickle_value *v, const char *module, const char *name) {
    return v->kind == VI_PICKLE_GLOBAL && vi_pickle_is(p, &p->values[v->of.call.function], module) &&
           vi_pickle_is(p, &p->values[v->of.call.arguments], name);
}

const vi_pickle_value *vi_pickle_item_at(const vi_pickle *p, const vi_pickle_value *v, uint32_t index) {
    if ((v->kind != VI_PICKLE_LIST && v->kind != VI_PICKLE_TUPLE) || index >= v->count) return NULL;
    uint32_t item = v->first;
    while (index-- > 0) item = p->items[item].next;
    return &p->values[p->items[item].value];
}

vi_pickle_entries vi_pickle_entries_of(const vi_pickle *p, const vi_pickle_value *v) {
    vi_pickle_entries at = {0};
    if (v->kind == VI_PICKLE_DICT || v->kind == VI_PICKLE_CALL) at.item = v->first;
    if (v->kind != VI_PICKLE_CALL || v->count > 0) return at;
    if (!vi_pickle_is_global(p, &p->values[v->of.call.function], "collections", "OrderedDict")) return at;
    const vi_pickle_value *list = vi_pickle_item_at(p, &p->values[v->of.call.arguments], 0);
    if (list == NULL || list->kind != VI_PICKLE_LIST) return at;
    return (vi_pickle_entries){.item = list->first, .pairs = true};
}

bool vi_pickle_next(const vi_pickle *p, vi_pickle_entries *at, const vi_pickle_value **key, const vi_pickle_value **value) {
    while (at->item != 0) {
        const vi_pickle_item *item = &p->items[at->item];
        const vi_pickle_value *v = &p->values[item->value];
        if (at->pairs) {
            at->item = item->next;
            *key = vi_pickle_item_at(p, v, 0);
            *value = vi_pickle_item_at(p, v, 1);
            if (*value == NULL) continue;
        } else { /* items come in pairs */
            *key = v;
            *value = &p->values[p->items[item->next].value];
            at->item = p->items[item->next].next;
        }
        return true;
    }
    return false;
}

const vi_pickle_value *vi_pickle_get(const vi_pickle *p, const vi_pickle_value *v, const char *key) {
    const vi_pickle_value *found, *value;
    for (vi_pickle_entries at = vi_pickle_entries_of(p, v); vi_pickle_next(p, &at, &found, &value);) {
        if (vi_pickle_is(p, found, key)) return value;
    }
    return NULL;
}
