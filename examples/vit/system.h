/* system.h: the only file of the tool that asks the operating system for more than ISO C has. */
#ifndef SYSTEM_H
#define SYSTEM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

bool system_is_terminal(FILE *stream);
int system_columns(FILE *stream); /* of a terminal; 0 when unknown */
double system_seconds(void);      /* never goes back; the start is arbitrary */
uint64_t system_peak_bytes(void); /* most memory this process has had resident; 0 when unknown */
bool system_file_size(const char *path, uint64_t *size); /* false: not there, or not a plain file */
void system_binary(FILE *stream); /* no newline translation */

#endif
