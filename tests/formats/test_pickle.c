/* test_pickle.c: pickles written opcode by opcode: what each makes, and what does not fit together. */
#include "formats/support.h"

#include "format/format.h"
#include "format/pickle.h"

/* A pickle as a string literal, which may hold NULs. */
#define PICKLE(text) (const unsigned char *)(text), sizeof(text) - 1

typedef struct unpickled {
    vi_pickle pickle;
    vi_reader reader;
    heap heap;
    vi_allocator allocator;
    unsigned char *bytes;
    int32_t status;
    vi_error error;
} unpickled;

static void open_pickle(unpickled *u, const unsigned char *data, size_t size) {
    memset(u, 0, sizeof *u);
    u->allocator = heap_allocator(&u->heap);
    u->bytes = malloc(size + 1);
    memcpy(u->bytes, data, size);
    vi_reader_open_memory(&u->reader, u->bytes, size, &u->error);
    u->status = vi_pickle_open(&u->pickle, &u->reader, 0, size, &u->allocator, &u->error);
}

static void close_pickle(unpickled *u) {
    vi_pickle_close(&u->pickle, &u->allocator);
    CHECK(heap_live(&u->heap) == 0 && !u->heap.wrong && u->allocator.in_use == 0, "leak");
    free(u->bytes);
}

static const vi_pickle_value *root_of(const unpickled *u, vi_pickle_kind kind) {
    static const vi_pickle_value none = {.kind = 99};
    CHECK(u->status == VIT_OK, "%s", u->error.text);
    if (u->status != VIT_OK) return &none;
    CHECK(u->pickle.root->kind == (uint32_t)kind, "kind %u", (unsigned)u->pickle.root->kind);
    return u->pickle.root->kind == (uint32_t)kind ? u->pickle.root : &none;
}

/* ---- what opcodes make -------------------------------------------------------------------------------------------------- */

static void test_integers(void) {
    static const struct {
        const char *bytes;
        size_t size;
        int64_t value;
    } cases[] = {
        {"\x80\x02K\xFF.", 5, 255},
        {"M\xFF\xFF.", 4, 65535},
        {"J\xFF\xFF\xFF\x7F.", 6, 2147483647},
        {"J\x00\x00\x00\x80.", 6, -2147483647 - 1},
        {"J\xFF\xFF\xFF\xFF.", 6, -1},
        {"\x8A\x00.", 3, 0},
        {"\x8A\x01\x80.", 4, -128},
        {"\x8A\x02\xFF\x00.", 5, 255},
        {"\x8A\x08\x00\x00\x00\x00\x00\x00\x00\x80.", 11, INT64_MIN},
        {"\x8A\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F.", 11, INT64_MAX},
        {"\x8B\x02\x00\x00\x00\x34\x12.", 8, 0x1234},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unpickled u;
        open_pickle(&u, (const unsigned char *)cases[i].bytes, cases[i].size);
        const vi_pickle_value *v = root_of(&u, VI_PICKLE_INT);
        CHECK(v->kind != VI_PICKLE_INT || v->of.integer == cases[i].value, "case %zu: %lld", i, (long long)v->of.integer);
        CHECK(u.pickle.size == cases[i].size, "size");
        close_pickle(&u);
    }
    unpickled u;
    open_pickle(&u, PICKLE("\x8A\x09zzzzzzzzz."));
    root_of(&u, VI_PICKLE_OTHER);
    close_pickle(&u);
}

static void test_atoms(void) {
    static const struct {
        const char *bytes;
        size_t size;
        vi_pickle_kind kind;
        const char *text;
    } cases[] = {
        {"N.", 2, VI_PICKLE_NONE, NULL},
        {"\x88.", 2, VI_PICKLE_BOOL, NULL},
        {"\x89.", 2, VI_PICKLE_BOOL, NULL},
        {"X\x03\x00\x00\x00""abc.", 9, VI_PICKLE_TEXT, "abc"},
        {"\x8C\x03""abc.", 6, VI_PICKLE_TEXT, "abc"},
        {"\x8D\x03\x00\x00\x00\x00\x00\x00\x00""abc.", 13, VI_PICKLE_TEXT, "abc"},
        {"U\x03""abc.", 6, VI_PICKLE_TEXT, "abc"},
        {"T\x03\x00\x00\x00""abc.", 9, VI_PICKLE_TEXT, "abc"},
        {"U\x00.", 3, VI_PICKLE_TEXT, ""},
        {"C\x03""abc.", 6, VI_PICKLE_BYTES, "abc"},
        {"B\x03\x00\x00\x00""abc.", 9, VI_PICKLE_BYTES, "abc"},
        {"\x8E\x03\x00\x00\x00\x00\x00\x00\x00""abc.", 13, VI_PICKLE_BYTES, "abc"},
        {"\x96\x03\x00\x00\x00\x00\x00\x00\x00""abc.", 13, VI_PICKLE_BYTES, "abc"},
        {"\x8F.", 2, VI_PICKLE_OTHER, NULL},
        {"(K\x01K\x02\x91.", 7, VI_PICKLE_OTHER, NULL},
        {"\x8F(K\x01\x90.", 6, VI_PICKLE_OTHER, NULL},
        {"\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00N.", 13, VI_PICKLE_NONE, NULL},
        {"NK\x01""0.", 5, VI_PICKLE_NONE, NULL},
        {"N(K\x01K\x02""1.", 8, VI_PICKLE_NONE, NULL},
        {"N(0.", 4, VI_PICKLE_NONE, NULL},
        {"N2\x86.", 4, VI_PICKLE_TUPLE, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unpickled u;
        open_pickle(&u, (const unsigned char *)cases[i].bytes, cases[i].size);
        const vi_pickle_value *v = root_of(&u, cases[i].kind);
        bool text = cases[i].text != NULL && u.status == VIT_OK;
        if (text) CHECK(vi_pickle_is(&u.pickle, v, cases[i].text) || cases[i].kind == VI_PICKLE_BYTES, "%zu", i);
        if (text) CHECK(memcmp(vi_pickle_text(&u.pickle, v), cases[i].text, v->count) == 0, "%zu", i);
        if (cases[i].kind == VI_PICKLE_BOOL) CHECK(v->of.integer == (i == 1), "bool");
        close_pickle(&u);
    }
    unpickled u;
    open_pickle(&u, PICKLE("G\x3F\xB9\x99\x99\x99\x99\x99\x9A."));
    CHECK(root_of(&u, VI_PICKLE_REAL)->of.real == (double)0.1, "0.1");
    close_pickle(&u);
}

/* A list or tuple of the integers 1, 2, ... */
static void check_sequence(const char *bytes, size_t size, vi_pickle_kind kind, uint32_t count) {
    unpickled u;
    open_pickle(&u, (const unsigned char *)bytes, size);
    const vi_pickle_value *v = root_of(&u, kind);
    CHECK(v->count == count, "%u items, expected %u", (unsigned)v->count, (unsigned)count);
    for (uint32_t i = 0; u.status == VIT_OK && i < count; i++) {
        const vi_pickle_value *item = vi_pickle_item_at(&u.pickle, v, i);
        CHECK(item != NULL && item->kind == VI_PICKLE_INT && item->of.integer == i + 1, "item %u", (unsigned)i);
    }
    CHECK(u.status != VIT_OK || vi_pickle_item_at(&u.pickle, v, count) == NULL, "beyond the end");
    close_pickle(&u);
}

#define SEQUENCE(text, kind, count) check_sequence(text, sizeof(text) - 1, kind, count)

static void test_sequences(void) {
    SEQUENCE("].", VI_PICKLE_LIST, 0);
    SEQUENCE(").", VI_PICKLE_TUPLE, 0);
    SEQUENCE("(l.", VI_PICKLE_LIST, 0);
    SEQUENCE("(K\x01K\x02l.", VI_PICKLE_LIST, 2);
    SEQUENCE("]K\x01""a.", VI_PICKLE_LIST, 1);
    SEQUENCE("](K\x01K\x02""eK\x03""a.", VI_PICKLE_LIST, 3);
    SEQUENCE("](e.", VI_PICKLE_LIST, 0);
    SEQUENCE("(t.", VI_PICKLE_TUPLE, 0);
    SEQUENCE("(K\x01K\x02K\x03K\x04t.", VI_PICKLE_TUPLE, 4);
    SEQUENCE("K\x01\x85.", VI_PICKLE_TUPLE, 1);
    SEQUENCE("K\x01K\x02\x86.", VI_PICKLE_TUPLE, 2);
    SEQUENCE("K\x01K\x02K\x03\x87.", VI_PICKLE_TUPLE, 3);
    SEQUENCE("((K\x01K\x02tt0(K\x01l.", VI_PICKLE_LIST, 1);
    SEQUENCE("]q\x00K\x01""a0h\x00.", VI_PICKLE_LIST, 1);
    SEQUENCE("]r\x01\x00\x00\x00""0j\x01\x00\x00\x00.", VI_PICKLE_LIST, 0);
    SEQUENCE("N\x94""0]\x94K\x01""a0h\x01.", VI_PICKLE_LIST, 1);
}

static void check_entries(const char *what, const unsigned char *data, size_t size, const char *expected) {
    unpickled u;
    char found[64] = "";
    open_pickle(&u, data, size);
    CHECK(u.status == VIT_OK, "%s: %s", what, u.error.text);
    if (u.status == VIT_OK) {
        const vi_pickle_value *key, *value;
        vi_pickle_entries at = vi_pickle_entries_of(&u.pickle, u.pickle.root);
        while (vi_pickle_next(&u.pickle, &at, &key, &value)) {
            size_t used = strlen(found);
            snprintf(found + used, sizeof found - used, "%.*s=%lld ", (int)key->count, vi_pickle_text(&u.pickle, key),
                     value->kind == VI_PICKLE_INT ? (long long)value->of.integer : -1);
        }
        const vi_pickle_value *b = vi_pickle_get(&u.pickle, u.pickle.root, "b");
        CHECK((strstr(expected, "b=") != NULL) == (b != NULL), "%s: get", what);
        CHECK(vi_pickle_get(&u.pickle, u.pickle.root, "bb") == NULL, "%s: get", what);
    }
    CHECK(strcmp(found, expected) == 0, "%s: found '%s', expected '%s'", what, found, expected);
    close_pickle(&u);
}

#define ORDERED "ccollections\nOrderedDict\n"

static void test_dictionaries(void) {
    check_entries("empty", PICKLE("}."), "");
    check_entries("SETITEM", PICKLE("}U\x01""aK\x01s."), "a=1 ");
    check_entries("SETITEMS", PICKLE("}(U\x01""aK\x01U\x01""bK\x02u."), "a=1 b=2 ");
    check_entries("both", PICKLE("}(U\x01""aK\x01uU\x01""bK\x02s."), "a=1 b=2 ");
    check_entries("DICT", PICKLE("(U\x01""aK\x01U\x01""bK\x02""d."), "a=1 b=2 ");
    check_entries("OrderedDict", PICKLE(ORDERED ")R(U\x01""aK\x01U\x01""bK\x02u."), "a=1 b=2 ");
    check_entries("with a state", PICKLE(ORDERED ")RU\x01""bK\x01s}U\x09_metadataNsb."), "b=1 ");
    check_entries("of Python 2", PICKLE(ORDERED "](](U\x01""aK\x01""e](U\x01""bK\x02""ee\x85R."), "a=1 b=2 ");
    check_entries("of Python 2, tuples", PICKLE(ORDERED "](U\x01""aK\x01\x86U\x01""bK\x02\x86""e\x85R."), "a=1 b=2 ");
    check_entries("of Python 2, a broken pair", PICKLE(ORDERED "](U\x01""a\x85U\x01""bK\x02\x86K\x05""e\x85R."), "b=2 ");
    check_entries("Counter of a list", PICKLE("ccollections\nCounter\n]\x85R."), "");
    check_entries("defaultdict", PICKLE("ccollections\ndefaultdict\nc__builtin__\nlist\n\x85RU\x01""bK\x03s."), "b=3 ");
    check_entries("a list has none", PICKLE("]U\x01""aa."), "");
}

static void test_objects(void) {
    unpickled u;
    open_pickle(&u, PICKLE("cmod.ule\nname\nK\x07\x85R}U\x01xK\x08sb."));
    const vi_pickle_value *v = root_of(&u, VI_PICKLE_CALL);
    const vi_pickle_value *values = u.pickle.values;
    if (u.status == VIT_OK) {
        CHECK(vi_pickle_is_global(&u.pickle, &values[v->of.call.function], "mod.ule", "name"), "function");
        CHECK(!vi_pickle_is_global(&u.pickle, &values[v->of.call.function], "mod.ul", "name"), "another module");
        CHECK(vi_pickle_item_at(&u.pickle, &values[v->of.call.arguments], 0)->of.integer == 7, "arguments");
        CHECK(vi_pickle_get(&u.pickle, &values[v->state], "x")->of.integer == 8, "state");
    }
    close_pickle(&u);
    static const char *const same[] = {"cm\nn\n)\x81.", "U\x01mU\x01n\x93)R.", "cm\nn\n)}\x92."};
    for (size_t i = 0; i < 3; i++) {
        open_pickle(&u, (const unsigned char *)same[i], strlen(same[i]));
        v = root_of(&u, VI_PICKLE_CALL);
        CHECK(u.status == VIT_OK && vi_pickle_is_global(&u.pickle, &u.pickle.values[v->of.call.function], "m", "n"), "%zu", i);
        close_pickle(&u);
    }
    open_pickle(&u, PICKLE("U\x07storageU\x01""5\x86Q."));
    v = root_of(&u, VI_PICKLE_STORED);
    if (u.status == VIT_OK) {
        const vi_pickle_value *id = &u.pickle.values[v->of.call.arguments];
        CHECK(vi_pickle_is(&u.pickle, vi_pickle_item_at(&u.pickle, id, 1), "5"), "id");
    }
    close_pickle(&u);
    open_pickle(&u, PICKLE("cm\nlist\n)RK\x01""a(K\x02K\x03""e(K\x04\x90."));
    CHECK(root_of(&u, VI_PICKLE_CALL)->count == 0, "what a call gets appended is not kept");
    close_pickle(&u);
}

/* ---- what does not fit together ----------------------------------------------------------------------------------------- */

static const struct {
    const char *what, *bytes;
    size_t size;
    int32_t expected;
} bad[] = {
#define BAD(what, text, expected) {what, text, sizeof(text) - 1, expected}
    BAD("empty", "", VIT_ERROR_CORRUPT),
    BAD("no STOP", "N", VIT_ERROR_CORRUPT),
    BAD("STOP alone", ".", VIT_ERROR_CORRUPT),
    BAD("protocol 0", "I1\n.", VIT_ERROR_UNSUPPORTED),
    BAD("protocol 0 text", "S'a'\n.", VIT_ERROR_UNSUPPORTED),
    BAD("protocol 1 INST", "(im\nn\n.", VIT_ERROR_UNSUPPORTED),
    BAD("unknown opcode", "\xFF.", VIT_ERROR_UNSUPPORTED),
    BAD("opcode 0", "\0.", VIT_ERROR_UNSUPPORTED),
    BAD("extension", "\x82\x01.", VIT_ERROR_UNSUPPORTED),
    BAD("out-of-band buffer", "\x97.", VIT_ERROR_UNSUPPORTED),
    BAD("number cut off", "J\x01\x02\x03", VIT_ERROR_CORRUPT),
    BAD("text cut off", "X\x05\x00\x00\x00""abc.", VIT_ERROR_CORRUPT),
    BAD("text of 4 GiB", "X\xFF\xFF\xFF\xFF""abc.", VIT_ERROR_CORRUPT),
    BAD("text of 2^64 - 1 bytes", "\x8D\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF""abc.", VIT_ERROR_CORRUPT),
    BAD("text of 2^63 bytes", "\x8D\x00\x00\x00\x00\x00\x00\x00\x80""abc.", VIT_ERROR_CORRUPT),
    BAD("bytes of 2^64 - 9 bytes", "\x8E\xF7\xFF\xFF\xFF\xFF\xFF\xFF\xFF""abc.", VIT_ERROR_CORRUPT),
    BAD("long of 4 GiB", "\x8B\xFF\xFF\xFF\xFF\x01.", VIT_ERROR_CORRUPT),
    BAD("global with one line", "cmodule\n.", VIT_ERROR_CORRUPT),
    BAD("global without line", "cmodule", VIT_ERROR_CORRUPT),
    BAD("POP of nothing", "0N.", VIT_ERROR_CORRUPT),
    BAD("DUP of nothing", "2.", VIT_ERROR_CORRUPT),
    BAD("POP_MARK without mark", "N1N.", VIT_ERROR_CORRUPT),
    BAD("TUPLE without mark", "NNt.", VIT_ERROR_CORRUPT),
    BAD("LIST without mark", "Nl.", VIT_ERROR_CORRUPT),
    BAD("DICT without mark", "NNd.", VIT_ERROR_CORRUPT),
    BAD("FROZENSET without mark", "N\x91.", VIT_ERROR_CORRUPT),
    BAD("TUPLE1 of nothing", "\x85.", VIT_ERROR_CORRUPT),
    BAD("TUPLE2 of one", "N\x86.", VIT_ERROR_CORRUPT),
    BAD("TUPLE3 of two", "NN\x87.", VIT_ERROR_CORRUPT),
    BAD("TUPLE2 across a mark", "N(N\x86.", VIT_ERROR_CORRUPT),
    BAD("STOP on a mark", "N(.", VIT_ERROR_CORRUPT),
    BAD("odd DICT", "(NNNd.", VIT_ERROR_CORRUPT),
    BAD("odd SETITEMS", "}(NNNu.", VIT_ERROR_CORRUPT),
    BAD("SETITEM of one", "}Ns.", VIT_ERROR_CORRUPT),
    BAD("SETITEM without dictionary", "NNs.", VIT_ERROR_CORRUPT),
    BAD("SETITEM on a list", "]NNs.", VIT_ERROR_CORRUPT),
    BAD("SETITEMS on a tuple", ")(NNu.", VIT_ERROR_CORRUPT),
    BAD("SETITEMS without mark", "}NNu.", VIT_ERROR_CORRUPT),
    BAD("SETITEMS on nothing", "(NNu.", VIT_ERROR_CORRUPT),
    BAD("APPEND to nothing", "Na.", VIT_ERROR_CORRUPT),
    BAD("APPEND of nothing", "]a.", VIT_ERROR_CORRUPT),
    BAD("APPEND to a dictionary", "}Na.", VIT_ERROR_CORRUPT),
    BAD("APPEND to a tuple", ")Na.", VIT_ERROR_CORRUPT),
    BAD("APPEND to None", "NNa.", VIT_ERROR_CORRUPT),
    BAD("APPENDS to a number", "K\x01(Ne.", VIT_ERROR_CORRUPT),
    BAD("APPENDS without mark", "]Ne.", VIT_ERROR_CORRUPT),
    BAD("ADDITEMS to a list", "](N\x90.", VIT_ERROR_CORRUPT),
    BAD("BINGET of nothing", "h\x00.", VIT_ERROR_CORRUPT),
    BAD("BINGET of another slot", "Nq\x00h\x01.", VIT_ERROR_CORRUPT),
    BAD("BINPUT of nothing", "q\x00N.", VIT_ERROR_CORRUPT),
    BAD("BINPUT far away", "Nq\x05.", VIT_ERROR_CORRUPT),
    BAD("LONG_BINPUT at 4 billion", "Nr\xFF\xFF\xFF\xFF.", VIT_ERROR_CORRUPT),
    BAD("LONG_BINGET at 4 billion", "Nj\xFF\xFF\xFF\xFF.", VIT_ERROR_CORRUPT),
    BAD("MEMOIZE of nothing", "\x94N.", VIT_ERROR_CORRUPT),
    BAD("REDUCE of one", ")R.", VIT_ERROR_CORRUPT),
    BAD("REDUCE without tuple", "cm\nn\nNR.", VIT_ERROR_CORRUPT),
    BAD("REDUCE with a list", "cm\nn\n]R.", VIT_ERROR_CORRUPT),
    BAD("NEWOBJ of nothing", "\x81.", VIT_ERROR_CORRUPT),
    BAD("NEWOBJ_EX of two", ")}\x92.", VIT_ERROR_CORRUPT),
    BAD("BUILD of one", "}b.", VIT_ERROR_CORRUPT),
    BAD("STACK_GLOBAL of one", "U\x01m\x93.", VIT_ERROR_CORRUPT),
    BAD("STACK_GLOBAL of numbers", "K\x01K\x02\x93.", VIT_ERROR_CORRUPT),
    BAD("BINPERSID of nothing", "Q.", VIT_ERROR_CORRUPT),
};

static void test_bad(void) {
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        unpickled u;
        open_pickle(&u, (const unsigned char *)bad[i].bytes, bad[i].size);
        CHECK(u.status == bad[i].expected, "%s: %d %s", bad[i].what, (int)u.status, u.error.text);
        CHECK(strncmp(u.error.text, "memory: ", 8) == 0, "%s: '%s' names no file", bad[i].what, u.error.text);
        close_pickle(&u);
    }
}

/* Many of one opcode: refused by number, or fine, and never slow. */
static void test_many(void) {
    static const struct {
        const char *what, *first, *repeated, *last;
        size_t times;
        int32_t expected;
    } cases[] = {
        {"many lists in each other", "", "]", "", 100000, VIT_OK},
        {"two million lists", "", "]", ".", 2000000, VIT_ERROR_LIMIT},
        {"many marks", "N", "(", "N", 100000, VIT_OK},
        {"two million marks", "N", "(", "N", 2000000, VIT_ERROR_LIMIT},
        {"three million BINGETs", "Nq\1", "h\1", "", 3000000, VIT_ERROR_LIMIT},
        {"two million MEMOIZEs", "N", "\x94", "", 2000000, VIT_ERROR_LIMIT},
        {"many POPs and NONEs", "N", "0N", "", 100000, VIT_OK},
        {"a list that holds itself", "]q\1", "h\1""a", "", 100000, VIT_OK},
        {"a dictionary that holds itself", "}q\1", "h\1h\1s", "", 100000, VIT_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buffer b = {0};
        unpickled u;
        buffer_text(&b, cases[i].first);
        for (size_t k = 0; k < cases[i].times; k++) buffer_text(&b, cases[i].repeated);
        buffer_text(&b, cases[i].last);
        buffer_text(&b, ".");
        open_pickle(&u, b.data, b.size);
        CHECK(u.status == cases[i].expected, "%s: %d %s", cases[i].what, (int)u.status, u.error.text);
        CHECK(u.allocator.peak < 64 * b.size + 4096, "%s: %zu bytes for %zu", cases[i].what, u.allocator.peak, b.size);
        close_pickle(&u);
        buffer_free(&b);
    }
}

/* A text of n bytes. */
static void test_large(void) {
    for (size_t n = (16u << 20) - 6; n <= (16u << 20) - 5; n++) {
        unpickled u;
        unsigned char *data = calloc(n + 6, 1);
        data[0] = 'X';
        vi_store_u32(data + 1, (uint32_t)n);
        data[n + 5] = '.';
        open_pickle(&u, data, n + 6);
        CHECK(u.status == (n + 6 <= VI_MAX_HEADER ? VIT_OK : VIT_ERROR_LIMIT), "%zu bytes: %s", n, u.error.text);
        close_pickle(&u);
        free(data);
    }
}

/* The pickle ends at its STOP; what comes after it is another matter. */
static void test_range(void) {
    static const unsigned char two[] = "\x80\x02K\x01.\x80\x02K\x02.";
    vi_reader r;
    vi_pickle p;
    vi_allocator a = {0};
    vi_error e = {0};
    vi_reader_open_memory(&r, two, sizeof two - 1, &e);
    CHECK(vi_pickle_open(&p, &r, 0, 10, &a, &e) == VIT_OK && p.size == 5 && p.root->of.integer == 1, "%s", e.text);
    vi_pickle_close(&p, &a);
    CHECK(vi_pickle_open(&p, &r, 5, 10, &a, &e) == VIT_OK && p.size == 5 && p.root->of.integer == 2, "%s", e.text);
    vi_pickle_close(&p, &a);
    CHECK(vi_pickle_open(&p, &r, 5, 9, &a, &e) == VIT_ERROR_CORRUPT && a.in_use == 0, "%s", e.text);
}

TEST_MAIN(test_integers, test_atoms, test_sequences, test_dictionaries, test_objects, test_bad, test_many, test_large, test_range)
