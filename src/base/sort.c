/* sort.c: see sort.h. */
#include "base/sort.h"

#include <string.h>

/* Merges items[low..middle) and items[middle..high), each sorted. */
static void merge(const void **items, const void **scratch, size_t low, size_t middle, size_t high, vi_compare compare) {
    if (compare(items[middle - 1], items[middle]) <= 0) return;
    size_t left_count = middle - low;
    memcpy(scratch, items + low, left_count * sizeof *items);
    size_t left = 0, right = middle, out = low;
    while (left < left_count && right < high) {
        items[out++] = compare(scratch[left], items[right]) <= 0 ? scratch[left++] : items[right++];
    }
    memcpy(items + out, scratch + left, (left_count - left) * sizeof *items);
}

void vi_sort(const void **items, const void **scratch, size_t n, vi_compare compare) {
    for (size_t width = 1; width < n; width = width > n / 2 ? n : width * 2) {
        for (size_t low = 0; n - low > width; low += 2 * width) {
            size_t middle = low + width;
            size_t high = n - middle > width ? middle + width : n;
            merge(items, scratch, low, middle, high, compare);
            if (high == n) break;
        }
    }
}
