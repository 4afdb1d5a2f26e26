/* test_reader.c: base/reader.h and base/writer.h. */
#include "formats/support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include "base/writer.h"

static int open_descriptors(void) {
    int n = 0;
    for (int fd = 0; fd < 256; fd++) n += fcntl(fd, F_GETFD) != -1;
    return n;
}

static void check_content(vi_reader *r, const unsigned char *expected, size_t size, const char *what) {
    unsigned char got[300];
    vi_error e = {0};
    CHECK(r->size == size, "%s: size %llu", what, (unsigned long long)r->size);
    for (size_t offset = 0; offset <= size; offset += 7) {
        for (size_t n = 0; offset + n <= size; n += 13) {
            memset(got, 0xEE, sizeof got);
            CHECK(vi_reader_read(r, offset, got, n, &e) == VIT_OK && memcmp(got, expected + offset, n) == 0, "%s: %s", what,
                  e.text);
            CHECK(got[n] == 0xEE, "%s: wrote too much", what);
            const void *view = vi_reader_view(r, offset, n);
            CHECK(view == NULL || memcmp(view, expected + offset, n) == 0, "%s: view", what);
            CHECK((view != NULL) == (r->data != NULL), "%s: view exists", what);
        }
    }
    CHECK(vi_reader_read(r, size, got, 0, &e) == VIT_OK, "%s: nothing at the end", what);
    CHECK(vi_reader_read(r, size, got, 1, &e) == VIT_ERROR_CORRUPT, "%s: beyond the end", what);
    CHECK(strstr(e.text, r->name) == e.text && strstr(e.text, "beyond its end") != NULL, "%s: %s", what, e.text);
    CHECK(vi_reader_read(r, UINT64_MAX, got, 2, &e) == VIT_ERROR_CORRUPT, "%s: wrapping", what);
    CHECK(vi_reader_read(r, 1, got, SIZE_MAX, &e) == VIT_ERROR_CORRUPT, "%s: wrapping", what);
    CHECK(vi_reader_view(r, size, 1) == NULL && vi_reader_view(r, UINT64_MAX, 2) == NULL, "%s: view beyond the end", what);
}

static void test_sources(void) {
    unsigned char data[250];
    for (size_t i = 0; i < sizeof data; i++) data[i] = (unsigned char)(i * 7);
    const char *path = temporary_path("reader");
    CHECK(write_file(path, data, sizeof data), "cannot write %s", path);
    int before = open_descriptors();
    vi_error e = {0};
    for (int map = 0; map < 2; map++) {
        vi_reader r;
        memset(&r, 0xEE, sizeof r);
        CHECK(vi_reader_open_path(&r, path, map != 0, &e) == VIT_OK, "%s", e.text);
        CHECK(r.mapped == (map != 0) && !r.borrowed && strcmp(r.name, path) == 0, "%s", r.name);
        check_content(&r, data, sizeof data, map ? "mapped" : "file");
        vi_reader_close(&r);
        vi_reader_close(&r);
        CHECK(r.data == NULL && open_descriptors() == before, "closed");
    }
    vi_reader r;
    CHECK(vi_reader_open_memory(&r, data, sizeof data, &e) == VIT_OK && r.data == data && !r.borrowed, "%s", e.text);
    check_content(&r, data, sizeof data, "memory");
    vi_reader_close(&r);
    tape t = {.data = data, .size = sizeof data};
    CHECK(vi_reader_open_callback(&r, tape_read, &t, sizeof data, &e) == VIT_OK, "%s", e.text);
    check_content(&r, data, sizeof data, "reader");
    CHECK(!t.wrong, "the callback was asked for something out of range or for nothing");
    t.fail_at = t.calls + 1;
    unsigned char byte;
    CHECK(vi_reader_read(&r, 5, &byte, 1, &e) == VIT_ERROR_IO && strstr(e.text, "reader: reading 1 bytes at offset 5") != NULL,
          "%s", e.text);
    vi_reader_close(&r);
    CHECK(vi_reader_open_memory(&r, NULL, 3, &e) == VIT_ERROR_ARGUMENT, "NULL memory");
    CHECK(vi_reader_open_callback(&r, NULL, NULL, 3, &e) == VIT_ERROR_ARGUMENT, "NULL callback");
    vi_reader zero = {0};
    vi_reader_close(&zero);
    CHECK(fcntl(0, F_GETFD) != -1 || errno == EBADF, "closing a zeroed reader must not close descriptor 0");
    CHECK(open_descriptors() == before, "descriptors");
    unlink(path);
}

static void test_empty(void) {
    const char *path = temporary_path("empty");
    CHECK(write_file(path, "", 0), "cannot write %s", path);
    vi_error e = {0};
    vi_reader r;
    for (int map = 0; map < 2; map++) {
        CHECK(vi_reader_open_path(&r, path, map != 0, &e) == VIT_OK && r.size == 0, "%s", e.text);
        CHECK(vi_reader_read(&r, 0, &e, 0, NULL) == VIT_OK && vi_reader_read(&r, 0, &e, 1, NULL) == VIT_ERROR_CORRUPT, "empty");
        vi_reader_close(&r);
    }
    unlink(path);
    CHECK(vi_reader_open_memory(&r, NULL, 0, &e) == VIT_OK && r.size == 0, "empty memory");
    vi_reader_close(&r);
}

static void test_not_files(void) {
    vi_error e = {0};
    vi_reader r, zero = {0};
    int before = open_descriptors();
    CHECK(vi_reader_open_path(&r, "/nonexistent/vit/model.vit", true, &e) == VIT_ERROR_IO && strstr(e.text, "no such file"),
          "%s", e.text);
    CHECK(memcmp(&r, &zero, sizeof r) == 0, "zeroed on failure");
    CHECK(vi_reader_open_path(&r, "", true, &e) == VIT_ERROR_IO, "%s", e.text);
    CHECK(vi_reader_open_path(&r, ".", true, &e) == VIT_ERROR_IO && strstr(e.text, "expected a file, found a folder"), "%s",
          e.text);
    CHECK(vi_reader_open_path(&r, "/dev/null", true, &e) == VIT_ERROR_IO && strstr(e.text, "pipe or device"), "%s", e.text);
    const char *path = temporary_path("fifo");
    if (mkfifo(path, 0600) == 0) { /* must not wait for a writer */
        CHECK(vi_reader_open_path(&r, path, true, &e) == VIT_ERROR_IO && strstr(e.text, "pipe or device"), "%s", e.text);
        unlink(path);
    }
    path = temporary_path("secret");
    write_file(path, "x", 1);
    chmod(path, 0);
    int fd = open(path, O_RDONLY);
    if (fd >= 0) close(fd); /* root may read everything */
    else CHECK(vi_reader_open_path(&r, path, true, &e) == VIT_ERROR_IO && strstr(e.text, "permission denied"), "%s", e.text);
    unlink(path);
    CHECK(open_descriptors() == before, "descriptors leaked");
    CHECK(vi_path_look(".") == VI_PATH_FOLDER && vi_path_look("/nonexistent") == VI_PATH_ABSENT &&
          vi_path_look("/dev/null") == VI_PATH_FILE, "look");
}

static void test_names(void) {
    char path[700];
    for (size_t shift = 0; shift < 3; shift++) {
        size_t n = 0;
        while (n < 500) n += (size_t)snprintf(path + n, sizeof path - n, "/%s\xC3\xA9",
                                              shift == 0 ? "ab" : shift == 1 ? "abc" : "abcd");
        snprintf(path + n, sizeof path - n, "/end\n.vit");
        vi_reader r;
        vi_error e = {0};
        CHECK(vi_reader_open_path(&r, path, true, &e) == VIT_ERROR_IO, "%s", e.text);
        CHECK(strncmp(e.text, "...", 3) == 0 && strstr(e.text, "/end?.vit: cannot open: no such file") != NULL, "%s", e.text);
        CHECK(strchr(e.text + 3, '?') == strstr(e.text, "?.vit"), "cut inside a character: %s", e.text);
    }
}

static void test_file_shrinks(void) {
    const char *path = temporary_path("shrinks");
    CHECK(write_file(path, "0123456789", 10), "cannot write");
    vi_reader r;
    vi_error e = {0};
    unsigned char got[10];
    CHECK(vi_reader_open_path(&r, path, false, &e) == VIT_OK, "%s", e.text);
    CHECK(truncate(path, 5) == 0, "truncate");
    CHECK(vi_reader_read(&r, 0, got, 5, &e) == VIT_OK, "%s", e.text);
    CHECK(vi_reader_read(&r, 0, got, 10, &e) == VIT_ERROR_IO, "what is gone must not be read");
    vi_reader_close(&r);
    unlink(path);
}

static void test_sibling(void) {
    char folder[600], model[700], config[700];
    snprintf(folder, sizeof folder, "%s", temporary_path("folder"));
    CHECK(mkdir(folder, 0700) == 0, "cannot make %s", folder);
    snprintf(model, sizeof model, "%s/model.safetensors", folder);
    snprintf(config, sizeof config, "%s/config.json", folder);
    write_file(model, "m", 1);
    heap h = {0};
    vi_allocator a = heap_allocator(&h);
    vi_error e = {0};
    char *text = &folder[0];
    size_t size = 9;
    CHECK(vi_read_sibling(model, "config.json", 100, &a, &text, &size, &e) == VIT_OK && text == NULL && size == 0, "missing: %s",
          e.text);
    write_file(config, "{\"a\":1}", 7);
    char slash[700];
    snprintf(slash, sizeof slash, "%s/", folder);
    const char *const froms[] = {model, folder, slash};
    for (size_t i = 0; i < 3; i++) {
        CHECK(vi_read_sibling(froms[i], "config.json", 7, &a, &text, &size, &e) == VIT_OK, "%s", e.text);
        CHECK(text != NULL && size == 7 && strcmp(text, "{\"a\":1}") == 0, "content from %s", froms[i]);
        vi_free(&a, text, size + 1, VI_TEMPORARY);
        CHECK(a.in_use == 0, "sizes");
    }
    text = &folder[0];
    CHECK(vi_read_sibling(model, "config.json", 6, &a, &text, &size, &e) == VIT_ERROR_LIMIT && text == &folder[0], "%s", e.text);
    int calls = h.calls;
    CHECK(vi_read_sibling(model, "config.json", 7, &a, &text, &size, &e) == VIT_OK, "%s", e.text);
    vi_free(&a, text, size + 1, VI_TEMPORARY);
    int needed = h.calls - calls;
    CHECK(needed == 2, "%d allocations", needed);
    for (int i = 1; i <= needed; i++) {
        h = (heap){.fail_at = i};
        text = &folder[0];
        CHECK(vi_read_sibling(model, "config.json", 7, &a, &text, &size, &e) == VIT_ERROR_MEMORY && text == &folder[0],
              "fails at %d", i);
        CHECK(heap_live(&h) == 0 && !h.wrong && a.in_use == 0, "leak at %d", i);
    }
    h = (heap){0};
    unlink(config);
    mkdir(config, 0700);
    CHECK(vi_read_sibling(model, "config.json", 7, &a, &text, &size, &e) == VIT_ERROR_IO, "a folder instead of a file: %s",
          e.text);
    rmdir(config);
    write_file(config, "", 0);
    CHECK(vi_read_sibling(model, "config.json", 7, &a, &text, &size, &e) == VIT_OK && size == 0 && text[0] == 0, "empty");
    vi_free(&a, text, size + 1, VI_TEMPORARY);
    CHECK(chdir(folder) == 0, "chdir");
    CHECK(vi_read_sibling("model.safetensors", "config.json", 7, &a, &text, &size, &e) == VIT_OK && text != NULL,
          "no folder in the path");
    vi_free(&a, text, size + 1, VI_TEMPORARY);
    CHECK(chdir("/") == 0, "chdir");
    CHECK(heap_live(&h) == 0 && !h.wrong, "leak");
    unlink(config);
    unlink(model);
    rmdir(folder);
}

/* ---- writer -------------------------------------------------------------------------------------------------------------- */

static int files_in(const char *folder) {
    int n = -2; /* . and .. */
    DIR *d = opendir(folder);
    while (d != NULL && readdir(d) != NULL) n++;
    if (d != NULL) closedir(d);
    return n;
}

static bool holds(const char *path, const char *text) {
    size_t size;
    unsigned char *data = read_file(path, &size);
    bool same = data != NULL && size == strlen(text) && memcmp(data, text, size) == 0;
    free(data);
    return same;
}

static void test_writer(void) {
    char folder[600], path[700];
    snprintf(folder, sizeof folder, "%s", temporary_path("writer"));
    CHECK(mkdir(folder, 0700) == 0, "cannot make %s", folder);
    snprintf(path, sizeof path, "%s/m\xC3\xB6" "del.vit", folder);
    heap h = {0};
    vi_allocator a = heap_allocator(&h);
    vi_error e = {0};
    vi_writer w, second;
    int before = open_descriptors();
    CHECK(vi_writer_open(&w, path, &a, &e) == VIT_OK, "%s", e.text);
    CHECK(vi_writer_write(&w, "hello ", 6) == 0 && vi_writer_write(&w, "", 0) == 0 && vi_writer_write(&w, "world", 5) == 0,
          "write");
    CHECK(access(path, F_OK) != 0, "the target must not exist before commit");
    CHECK(vi_writer_commit(&w, &e) == VIT_OK && holds(path, "hello world") && files_in(folder) == 1, "%s", e.text);

    CHECK(vi_writer_open(&w, path, &a, &e) == VIT_OK && vi_writer_write(&w, "other", 5) == 0, "%s", e.text);
    CHECK(holds(path, "hello world"), "the old file stays until commit");
    CHECK(vi_writer_open(&second, path, &a, &e) == VIT_OK && vi_writer_write(&second, "second", 6) == 0, "two at once: %s",
          e.text);
    vi_writer_abort(&w);
    CHECK(holds(path, "hello world") && files_in(folder) == 2, "abort leaves the old file and the other writer's");
    CHECK(vi_writer_commit(&second, &e) == VIT_OK && holds(path, "second") && files_in(folder) == 1, "replaced: %s", e.text);

    CHECK(vi_writer_open(&w, folder, &a, &e) == VIT_ERROR_IO && strstr(e.text, "it is a folder"), "%s", e.text);
    char missing[800];
    snprintf(missing, sizeof missing, "%s/missing/model.vit", folder);
    CHECK(vi_writer_open(&w, missing, &a, &e) == VIT_ERROR_IO && strstr(e.text, "no such folder"), "%s", e.text);
    h.fail_at = h.calls + 1;
    CHECK(vi_writer_open(&w, path, &a, &e) == VIT_ERROR_MEMORY, "%s", e.text);

    CHECK(vi_writer_open(&w, missing, &a, &e) == VIT_ERROR_IO && mkdir(missing, 0700) != 0, "still missing");
    snprintf(missing, sizeof missing, "%s/target", folder);
    CHECK(vi_writer_open(&w, missing, &a, &e) == VIT_OK && mkdir(missing, 0700) == 0, "%s", e.text);
    CHECK(vi_writer_commit(&w, &e) == VIT_ERROR_IO && strstr(e.text, "cannot rename"), "a folder came in between: %s", e.text);
    rmdir(missing);
    CHECK(files_in(folder) == 1, "a failed commit removes its file");
    CHECK(heap_live(&h) == 0 && !h.wrong && a.in_use == 0 && open_descriptors() == before, "leak");
    if (access("/dev/full", W_OK) == 0) { /* every write fails with ENOSPC */
        vi_writer full = {.descriptor = open("/dev/full", O_WRONLY) + 1};
        CHECK(vi_writer_write(&full, "x", 1) != 0, "a full disk must be noticed");
        close(full.descriptor - 1);
    }
    unlink(path);
    rmdir(folder);
}

TEST_MAIN(test_sources, test_empty, test_not_files, test_names, test_file_shrinks, test_sibling, test_writer)
