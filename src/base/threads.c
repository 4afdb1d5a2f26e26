/* threads.c: see threads.h.
 *
 * The pool. A section is published by opening `gate`, one atomic word: generation, an open bit, and the number of workers
 * inside. A worker goes in by counting itself in while the gate is open, takes units until none is left, and counts itself out.
 * The caller works too; when no unit is left it shuts the gate and waits until nobody is inside. So a worker that sleeps
 * through a section delays nobody, and what describes the section is only written while the gate is shut and nobody inside. */
#if defined(__linux__)
#define _GNU_SOURCE /* sched_getaffinity */
#elif defined(__unix__) || defined(__APPLE__)
#define _POSIX_C_SOURCE 200809L
#endif

#include "base/threads.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__unix__) || defined(__APPLE__)
#define POSIX 1
#include <unistd.h>
#else
#define POSIX 0
#endif

#if defined(__STDC_NO_ATOMICS__)
#define ATOMICS 0 /* everything runs on the calling thread */
#else
#define ATOMICS 1
#include <stdatomic.h>
#endif

#if POSIX && ATOMICS && !defined(_OPENMP)
#define POOL 1
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#else
#define POOL 0
#endif

#if defined(_OPENMP)
#include <omp.h>
#endif

typedef struct section {
    vi_work fn;
    void *arg;
    size_t units;
} section;

#if POOL
typedef struct worker {
    struct vi_threads *threads;
    size_t lane;
    pthread_t thread;
} worker;
#endif

struct vi_threads {
    size_t lanes;
    size_t bytes; /* of this block */
    vit_parallel_for_fn parallel_for;
    void *user;
#if POSIX
    pid_t process; /* whose threads these are */
#endif
#if ATOMICS
    section current;
    atomic_size_t next; /* unit */
#endif
#if POOL
    atomic_uint gate;
    atomic_uint sleepers; /* workers in or about to be in wait on `opened` */
    atomic_bool caller_sleeps;
    atomic_bool in_forward; /* between begin and end */
    atomic_bool quit;
    bool may_spin; /* there is a core for each lane */
    size_t started; /* workers that run */
    pthread_mutex_t mutex;
    pthread_cond_t opened, emptied;
    worker workers[]; /* [lanes - 1] */
#endif
};

static void run_serially(size_t units, vi_work fn, void *arg) {
    for (size_t i = 0; i < units; i++) fn(arg, i, 0);
}

#if ATOMICS
static void run_lane(vi_threads *t, size_t lane) {
    const section s = t->current;
    for (;;) {
        size_t unit = atomic_fetch_add_explicit(&t->next, 1, memory_order_relaxed);
        if (unit >= s.units) return;
        s.fn(s.arg, unit, lane);
    }
}

static void describe(vi_threads *t, size_t units, vi_work fn, void *arg) {
    t->current = (section){fn, arg, units};
    atomic_store_explicit(&t->next, 0, memory_order_relaxed);
}

/* ---- the caller's parallel_for ------------------------------------------------------------------------------------------- */

static void run_callers_lane(void *threads, uint32_t lane) {
    run_lane(threads, lane);
}
#endif

/* ---- OpenMP -------------------------------------------------------------------------------------------------------------- */

#if defined(_OPENMP) && ATOMICS
static void run_openmp(vi_threads *t) {
#pragma omp parallel num_threads((int)t->lanes)
    run_lane(t, (size_t)omp_get_thread_num());
}
#endif

/* ---- the pool ------------------------------------------------------------------------------------------------------------ */

#if POOL

#define INSIDE 0x1FFu     /* workers inside: at most VI_MAX_LANES - 1 */
#define OPEN 0x200u
#define GENERATION 0x400u /* the lowest bit of the generation; it wraps, which at worst makes a worker miss a section */

#define STACK_BYTES (256u << 10) /* sixteen times what a unit of work may use */
#define SPIN_NANOSECONDS 50000   /* about as long as a section; then sleeping costs less than it saves */
#define SPINS_PER_LOOK 32        /* at the clock */

static void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#elif defined(__arm__) && __ARM_ARCH >= 7
    __asm__ volatile("yield");
#endif
}

static int64_t now(void) {
    struct timespec t = {0};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool is_new(unsigned gate, unsigned seen) {
    return (gate & OPEN) != 0 && gate / GENERATION != seen;
}

static bool is_empty(unsigned gate) {
    return (gate & INSIDE) == 0;
}

/* True when the gate came to be as wanted: a new section for a worker, empty for the caller (seen NULL). */
static bool is_wanted(const vi_threads *t, const unsigned *seen) {
    unsigned gate = atomic_load_explicit(&t->gate, memory_order_acquire);
    return seen == NULL ? is_empty(gate) : is_new(gate, *seen);
}

static bool spin(const vi_threads *t, const unsigned *seen) {
    if (is_wanted(t, seen)) return true;
    if (!t->may_spin) return false;
    int64_t deadline = now() + SPIN_NANOSECONDS;
    do {
        for (int i = 0; i < SPINS_PER_LOOK; i++) {
            if (is_wanted(t, seen)) return true;
            pause_briefly();
        }
    } while (atomic_load_explicit(&t->in_forward, memory_order_relaxed) && now() < deadline);
    return false;
}

/* Sleepers announce themselves before they look at the gate again, and who changes the gate looks for sleepers afterwards, both
 * sequentially consistent: one of the two sees the other. The mutex closes the gap between looking and sleeping. Both announce
 * with a read-modify-write, not a store: QEMU runs an AArch64 store-release and the load-acquire after it out of order on x86. */
static void sleep_until_new(vi_threads *t, unsigned seen) {
    pthread_mutex_lock(&t->mutex);
    atomic_fetch_add(&t->sleepers, 1);
    while (!atomic_load(&t->quit) && !is_new(atomic_load(&t->gate), seen)) pthread_cond_wait(&t->opened, &t->mutex);
    atomic_fetch_sub(&t->sleepers, 1);
    pthread_mutex_unlock(&t->mutex);
}

static void sleep_until_empty(vi_threads *t) {
    pthread_mutex_lock(&t->mutex);
    atomic_exchange(&t->caller_sleeps, true);
    while (!is_empty(atomic_load(&t->gate))) pthread_cond_wait(&t->emptied, &t->mutex);
    atomic_store(&t->caller_sleeps, false);
    pthread_mutex_unlock(&t->mutex);
}

static void wake(vi_threads *t, pthread_cond_t *condition) {
    pthread_mutex_lock(&t->mutex);
    pthread_cond_broadcast(condition);
    pthread_mutex_unlock(&t->mutex);
}

/* Counts the worker in; false when the section is over. */
static bool go_in(vi_threads *t, unsigned *seen) {
    unsigned gate = atomic_load_explicit(&t->gate, memory_order_relaxed);
    do {
        if (!is_new(gate, *seen)) return false;
    } while (!atomic_compare_exchange_weak_explicit(&t->gate, &gate, gate + 1, memory_order_acquire, memory_order_relaxed));
    *seen = gate / GENERATION;
    return true;
}

static void go_out(vi_threads *t) {
    unsigned gate = atomic_fetch_sub(&t->gate, 1);
    if (is_empty(gate - 1) && atomic_load(&t->caller_sleeps)) wake(t, &t->emptied);
}

static void *work(void *argument) {
    const worker *w = argument;
    vi_threads *t = w->threads;
    unsigned seen = UINT_MAX; /* no generation: those have fewer bits */
    while (!atomic_load(&t->quit)) {
        if (!atomic_load_explicit(&t->in_forward, memory_order_relaxed) || !spin(t, &seen)) sleep_until_new(t, seen);
        if (!go_in(t, &seen)) continue;
        run_lane(t, w->lane);
        go_out(t);
    }
    return NULL;
}

static void run_pool(vi_threads *t) {
    unsigned generation = atomic_load_explicit(&t->gate, memory_order_relaxed) / GENERATION + 1;
    atomic_exchange(&t->gate, generation * GENERATION | OPEN);
    if (atomic_load(&t->sleepers) != 0) wake(t, &t->opened);
    run_lane(t, 0);
    atomic_fetch_and(&t->gate, ~OPEN);
    if (!spin(t, NULL)) sleep_until_empty(t);
}

static size_t cores(void) {
#if defined(__linux__)
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return (size_t)CPU_COUNT(&set);
#endif
#if defined(_SC_NPROCESSORS_ONLN)
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    if (n > 0) return (size_t)n;
#endif
    return 1;
}

static int start_worker(worker *w, const pthread_attr_t *attributes) {
    int result = pthread_create(&w->thread, attributes, work, w);
    /* A program with large thread-local variables needs a larger stack than ours: let the system choose. */
    return result == EINVAL ? pthread_create(&w->thread, NULL, work, w) : result;
}

/* Signals stay with the program's own threads, except those that a thread can only cause itself. */
static void block_signals(sigset_t *old) {
    sigset_t set;
    sigfillset(&set);
    sigdelset(&set, SIGSEGV);
    sigdelset(&set, SIGBUS);
    sigdelset(&set, SIGFPE);
    sigdelset(&set, SIGILL);
    pthread_sigmask(SIG_SETMASK, &set, old);
}

static void stop_pool(vi_threads *t) {
    atomic_store(&t->quit, true);
    wake(t, &t->opened);
    for (size_t i = 0; i < t->started; i++) pthread_join(t->workers[i].thread, NULL);
    t->started = 0;
    pthread_cond_destroy(&t->emptied);
    pthread_cond_destroy(&t->opened);
    pthread_mutex_destroy(&t->mutex);
}

static bool start_pool(vi_threads *t) {
    atomic_init(&t->gate, 0);
    atomic_init(&t->sleepers, 0);
    atomic_init(&t->caller_sleeps, false);
    atomic_init(&t->in_forward, false);
    atomic_init(&t->quit, false);
    t->started = 0;
    t->may_spin = cores() >= t->lanes;
    if (pthread_mutex_init(&t->mutex, NULL) != 0) return false;
    if (pthread_cond_init(&t->opened, NULL) != 0) goto no_opened;
    if (pthread_cond_init(&t->emptied, NULL) != 0) goto no_emptied;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) goto no_attributes;
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    sigset_t old;
    block_signals(&old);
    for (; t->started < t->lanes - 1; t->started++) {
        worker *w = &t->workers[t->started];
        w->threads = t;
        w->lane = t->started + 1;
        if (start_worker(w, &attributes) != 0) break;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attributes);
    if (t->started == t->lanes - 1) return true;
    stop_pool(t);
    return false;
no_attributes:
    pthread_cond_destroy(&t->emptied);
no_emptied:
    pthread_cond_destroy(&t->opened);
no_opened:
    pthread_mutex_destroy(&t->mutex);
    return false;
}

#endif

/* ---- what threads.h promises --------------------------------------------------------------------------------------------- */

#if POOL || (defined(_OPENMP) && ATOMICS)
/* In a forked child the threads are gone: fork copies only the one that called it. */
static bool is_forked(const vi_threads *t) {
#if POSIX
    return t->process != getpid();
#else
    (void)t;
    return false;
#endif
}
#endif

#if POOL
static bool has_pool(const vi_threads *t) {
    return t->lanes > 1 && t->parallel_for == NULL;
}

/* False: no workers, and none can be had. */
static bool has_workers(vi_threads *t) {
    if (!is_forked(t)) return t->started > 0;
    t->process = getpid();
    return start_pool(t);
}
#endif

int32_t vi_threads_create(vi_threads **out, size_t lanes, vit_parallel_for_fn parallel_for, void *user, vi_allocator *a,
                          vi_error *e) {
    if (lanes < 1 || lanes > VI_MAX_LANES) {
        return vi_fail(e, VIT_ERROR_ARGUMENT, "threads: expected 1 to %d, found %zu", VI_MAX_LANES, lanes);
    }
    size_t bytes = sizeof(vi_threads);
#if POOL
    if (lanes > 1 && parallel_for == NULL) bytes += (lanes - 1) * sizeof(worker);
#endif
    vi_threads *t = vi_alloc(a, bytes, VI_LASTING);
    if (t == NULL) return vi_alloc_failed(a, bytes, "the thread pool", e);
    t->lanes = lanes;
    t->bytes = bytes;
    t->parallel_for = parallel_for;
    t->user = user;
#if POSIX
    t->process = getpid();
#endif
#if POOL
    if (has_pool(t) && !start_pool(t)) {
        vi_free(a, t, bytes, VI_LASTING);
        return vi_fail(e, VIT_ERROR_MEMORY, "the system could not start %zu threads", lanes - 1);
    }
#endif
    *out = t;
    return VIT_OK;
}

void vi_threads_free(vi_threads *t, vi_allocator *a) {
    if (t == NULL) return;
#if POOL
    if (has_pool(t) && t->started > 0 && !is_forked(t)) stop_pool(t); /* a child's copies of mutex and conditions are abandoned */
#endif
    vi_free(a, t, t->bytes, VI_LASTING);
}

size_t vi_threads_lanes(const vi_threads *t) {
    return t == NULL ? 1 : t->lanes;
}

void vi_threads_begin(vi_threads *t) {
#if POOL
    if (has_pool(t) && has_workers(t)) atomic_store_explicit(&t->in_forward, true, memory_order_relaxed);
#else
    (void)t;
#endif
}

void vi_threads_end(vi_threads *t) {
#if POOL
    if (has_pool(t)) atomic_store_explicit(&t->in_forward, false, memory_order_relaxed);
#else
    (void)t;
#endif
}

void vi_parallel(vi_threads *t, size_t units, vi_work fn, void *arg) {
    if (t == NULL || t->lanes == 1 || units <= 1) {
        run_serially(units, fn, arg);
        return;
    }
#if ATOMICS
    if (t->parallel_for != NULL) {
        describe(t, units, fn, arg);
        t->parallel_for(t->user, (uint32_t)t->lanes, run_callers_lane, t);
        return;
    }
#endif
#if POOL
    if (has_workers(t)) {
        describe(t, units, fn, arg);
        run_pool(t);
        return;
    }
#elif defined(_OPENMP) && ATOMICS
    if (!is_forked(t)) {
        describe(t, units, fn, arg);
        run_openmp(t);
        return;
    }
#endif
    run_serially(units, fn, arg);
}

const char *vi_threads_kind(void) {
#if POOL
    return "own thread pool";
#elif defined(_OPENMP) && ATOMICS
    return "OpenMP";
#else
    return "caller's threads only";
#endif
}
