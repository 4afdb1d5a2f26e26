/* system.h: the only file of the tool that asks the operating system for more than ISO C has. */
#ifndef SYSTEM_H
#define SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

bool system_is_terminal(FILE *stream);
int system_columns(FILE *stream); /* of a terminal; 0 when unknown */
double system_seconds(void);      /* never goes back; the start is arbitrary */
double system_cpu_seconds(void);  /* that this process has computed, on all its threads together */
uint64_t system_peak_bytes(void); /* most memory this process has had resident; 0 when unknown */
bool system_file_size(const char *path, uint64_t *size); /* false: not there, or not a plain file */
void system_binary(FILE *stream); /* no newline translation */

/* Runs fn(arg, 0), ..., fn(arg, n - 1) at the same time, n at most SYSTEM_THREADS_MOST; one after the other where the system
 * gives no threads. */
#define SYSTEM_THREADS_MOST 256
void system_parallel(int n, void (*fn)(void *arg, int thread), void *arg);

/* Calls fn(user, path) for each entry of a folder in the order of their names, hidden ones left out. False: not a folder, or it
 * cannot be read. */
bool system_list(const char *folder, void (*fn)(void *user, const char *path), void *user);

/* Maps a file and reads one byte of each of its pages; how many seconds that took. False where it cannot. */
bool system_touch_file(const char *path, double *seconds);

/* Starts a program, words[0], with its words up to NULL, and waits for it. What it prints is left in text, cut to fit. False:
 * it could not be started or failed. */
bool system_run(const char *const words[], char *text, size_t size);

#endif
