/* system.c: terminal, clock, memory and file size, on POSIX and Windows. */
#ifndef _WIN32
#define _DEFAULT_SOURCE
#define _XOPEN_SOURCE 700
#define _DARWIN_C_SOURCE
#endif

#include "system.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#ifdef _WIN32

#include <fcntl.h>
#include <io.h>
#include <windows.h>

bool system_is_terminal(FILE *stream) {
    return _isatty(_fileno(stream)) != 0;
}

int system_columns(FILE *stream) {
    CONSOLE_SCREEN_BUFFER_INFO info;
    if (!GetConsoleScreenBufferInfo((HANDLE)_get_osfhandle(_fileno(stream)), &info)) return 0;
    return info.srWindow.Right - info.srWindow.Left + 1;
}

double system_seconds(void) {
    LARGE_INTEGER now, rate;
    QueryPerformanceCounter(&now);
    QueryPerformanceFrequency(&rate);
    return (double)now.QuadPart / (double)rate.QuadPart;
}

double system_cpu_seconds(void) {
    return (double)clock() / CLOCKS_PER_SEC;
}

uint64_t system_peak_bytes(void) {
    return 0;
}

void system_binary(FILE *stream) {
    _setmode(_fileno(stream), _O_BINARY);
}

void system_parallel(int n, void (*fn)(void *arg, int thread), void *arg) {
    for (int i = 0; i < n; i++) fn(arg, i);
}

bool system_list(const char *folder, void (*fn)(void *user, const char *path), void *user) {
    (void)folder, (void)fn, (void)user;
    return false;
}

bool system_touch_file(const char *path, double *seconds) {
    (void)path, (void)seconds;
    return false;
}

bool system_run(const char *const words[], char *text, size_t size) {
    (void)words, (void)text, (void)size;
    return false;
}

#else

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

bool system_is_terminal(FILE *stream) {
    return isatty(fileno(stream)) != 0;
}

int system_columns(FILE *stream) {
    struct winsize size;
    return ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

double system_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double system_cpu_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

uint64_t system_peak_bytes(void) {
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0 || usage.ru_maxrss < 0) return 0;
#ifdef __APPLE__
    return (uint64_t)usage.ru_maxrss;
#else
    return (uint64_t)usage.ru_maxrss * 1024;
#endif
}

void system_binary(FILE *stream) {
    (void)stream;
}

struct thread {
    pthread_t id;
    bool started;
    void (*fn)(void *arg, int thread);
    void *arg;
    int number;
};

static void *run_thread(void *arg) {
    const struct thread *t = arg;
    t->fn(t->arg, t->number);
    return NULL;
}

void system_parallel(int n, void (*fn)(void *arg, int thread), void *arg) {
    struct thread *threads = calloc((size_t)n, sizeof *threads);
    for (int i = 1; i < n && threads; i++) {
        threads[i] = (struct thread){.fn = fn, .arg = arg, .number = i};
        threads[i].started = pthread_create(&threads[i].id, NULL, run_thread, &threads[i]) == 0;
    }
    fn(arg, 0);
    for (int i = 1; i < n; i++) {
        if (threads && threads[i].started) {
            pthread_join(threads[i].id, NULL);
        } else {
            fn(arg, i);
        }
    }
    free(threads);
}

bool system_list(const char *folder, void (*fn)(void *user, const char *path), void *user) {
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort);
    if (count < 0) return false;
    for (int i = 0; i < count; i++) {
        char path[4096];
        int length = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && length > 0 && (size_t)length < sizeof path) fn(user, path);
        free(entries[i]);
    }
    free(entries);
    return true;
}

bool system_touch_file(const char *path, double *seconds) {
    uint64_t size;
    int file = system_file_size(path, &size) && size > 0 && size <= SIZE_MAX ? open(path, O_RDONLY) : -1;
    if (file < 0) return false;
    size_t length = (size_t)size, page = (size_t)sysconf(_SC_PAGESIZE);
    double start = system_seconds();
    void *map = mmap(NULL, length, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    if (map == MAP_FAILED) return false;
    const volatile unsigned char *bytes = map;
    for (size_t i = 0; i < length; i += page) (void)bytes[i];
    *seconds = system_seconds() - start;
    munmap(map, length);
    return true;
}

static size_t read_all(int file, char *text, size_t size) {
    size_t used = 0;
    char rest[256];
    for (;;) {
        bool full = used + 1 >= size;
        ssize_t got = read(file, full ? rest : text + used, full ? sizeof rest : size - 1 - used);
        if (got <= 0) return used;
        if (!full) used += (size_t)got;
    }
}

bool system_run(const char *const words[], char *text, size_t size) {
    int ends[2], status = 0;
    if (pipe(ends) != 0) return false;
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execvp(words[0], (char *const *)(uintptr_t)words);
        _exit(127);
    }
    close(ends[1]);
    text[child > 0 ? read_all(ends[0], text, size) : 0] = '\0';
    close(ends[0]);
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

#endif

bool system_file_size(const char *path, uint64_t *size) {
    struct stat info;
    if (stat(path, &info) != 0 || (info.st_mode & S_IFMT) != S_IFREG || info.st_size < 0) return false;
    *size = (uint64_t)info.st_size;
    return true;
}
