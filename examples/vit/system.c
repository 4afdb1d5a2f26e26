/* system.c: terminal, clock, memory and file size, on POSIX and Windows. */
#ifndef _WIN32
#define _DEFAULT_SOURCE
#define _XOPEN_SOURCE 700
#define _DARWIN_C_SOURCE
#endif

#include "system.h"

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

uint64_t system_peak_bytes(void) {
    return 0;
}

void system_binary(FILE *stream) {
    _setmode(_fileno(stream), _O_BINARY);
}

#else

#include <sys/ioctl.h>
#include <sys/resource.h>
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

#endif

bool system_file_size(const char *path, uint64_t *size) {
    struct stat info;
    if (stat(path, &info) != 0 || (info.st_mode & S_IFMT) != S_IFREG || info.st_size < 0) return false;
    *size = (uint64_t)info.st_size;
    return true;
}
