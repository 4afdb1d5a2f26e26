/* test.h: the whole harness. A test program lists its functions in TEST_MAIN; CHECK counts, prints what failed and goes on. */
#ifndef VIT_TEST_H
#define VIT_TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int test_passed, test_failed, test_skipped;

#define CHECK(condition, ...) \
    do { \
        if (condition) { \
            test_passed++; \
        } else { \
            test_failed++; \
            printf("%s:%d: failed: %s: ", __FILE__, __LINE__, #condition); \
            printf("" __VA_ARGS__); \
            printf("\n"); \
        } \
    } while (0)

/* Says loudly what could not be tested and why. */
#define SKIP(...) \
    do { \
        test_skipped++; \
        printf("%s:%d: SKIPPED: ", __FILE__, __LINE__); \
        printf(__VA_ARGS__); \
        printf("\n"); \
    } while (0)

#define TEST_MAIN(...) \
    int main(void) { \
        void (*const tests[])(void) = {__VA_ARGS__}; \
        for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) tests[i](); \
        printf("%s: %d passed, %d failed, %d skipped\n", __FILE__, test_passed, test_failed, test_skipped); \
        return test_failed != 0; \
    }

/* Real checkpoints and photographs that are not ours to publish: ../shared beside the checkout, or $VIT_SHARED. */
static inline const char *test_shared(void) {
    const char *path = getenv("VIT_SHARED");
    return path ? path : "../shared";
}

/* xorshift64*: the same numbers on every machine. */
static inline unsigned long long test_random(unsigned long long *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 2685821657736338717ULL;
}

/* Uniform in [-1, 1). */
static inline float test_uniform(unsigned long long *state) {
    return (float)((double)(test_random(state) >> 40) / 8388608.0 - 1.0);
}

#endif
