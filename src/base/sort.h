/* sort.h: sorting of pointers. libc's qsort may call malloc or take quadratic time; this does neither. */
#ifndef VI_BASE_SORT_H
#define VI_BASE_SORT_H

#include <stddef.h>

/* Negative, 0 or positive as in strcmp. Gets two of the pointers. */
typedef int (*vi_compare)(const void *a, const void *b);

/* Stable merge sort of items[0..n); scratch has room for n. O(n log n) always, O(n) compares when sorted already. */
void vi_sort(const void **items, const void **scratch, size_t n, vi_compare compare);

#endif
