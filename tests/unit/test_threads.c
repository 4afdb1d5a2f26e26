/* test_threads.c: base/threads.h. Built with -fsanitize=thread it also shows that the pool has no data race. */
#define _DEFAULT_SOURCE /* RLIMIT_NPROC */
#include "formats/support.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include "base/threads.h"

#if defined(__SANITIZE_THREAD__)
#define TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TSAN 1
#endif
#endif
#ifndef TSAN
#define TSAN 0
#endif

#if defined(_OPENMP) /* its threads spin: slow where cores are busy */
#define HEAVY 1
#else
#define HEAVY 0
#endif

#define MOST_UNITS 3000

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double cpu_seconds(void) { /* of the whole process */
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

/* ---- every unit exactly once, no lane twice at a time -------------------------------------------------------------------- */

typedef struct job {
    size_t lanes;
    unsigned char done[MOST_UNITS]; /* not atomic on purpose: each unit is one thread's, and the caller reads after the end */
    atomic_int busy[VI_MAX_LANES];
    atomic_int wrong;
    volatile double sink[VI_MAX_LANES];
    int work;
} job;

static void unit_of_job(void *arg, size_t unit, size_t lane) {
    job *j = arg;
    if (lane >= j->lanes || unit >= MOST_UNITS || atomic_exchange(&j->busy[lane], 1) != 0) {
        atomic_fetch_add(&j->wrong, 1);
        return;
    }
    j->done[unit]++;
    double x = 1;
    for (int i = 0; i < j->work; i++) x = x * 1.0000001 + 1e-9;
    j->sink[lane] = x;
    atomic_store(&j->busy[lane], 0);
}

static bool run_job_in(job *j, vi_threads *t, size_t units, int work) {
    memset(j, 0, sizeof *j);
    j->lanes = vi_threads_lanes(t);
    j->work = work;
    vi_parallel(t, units, unit_of_job, j);
    bool right = atomic_load(&j->wrong) == 0;
    for (size_t i = 0; i < MOST_UNITS; i++) right = right && j->done[i] == (i < units);
    return right;
}

static bool run_job(vi_threads *t, size_t units, int work) {
    job *j = malloc(sizeof *j);
    bool right = run_job_in(j, t, units, work);
    free(j);
    return right;
}

static vi_threads *create(size_t lanes, vit_parallel_for_fn fn, void *user, vi_allocator *a) {
    vi_threads *t = NULL;
    vi_error e = {0};
    CHECK(vi_threads_create(&t, lanes, fn, user, a, &e) == VIT_OK && t != NULL, "%zu lanes: %s", lanes, e.text);
    CHECK(t != NULL && vi_threads_lanes(t) == lanes, "lanes");
    return t;
}

static void test_units(void) {
    static const size_t lanes[] = {1, 2, 3, 4, 7, 8, 16, 64}, units[] = {0, 1, 2, 3, 5, 16, 100, MOST_UNITS};
    for (size_t l = 0; l < sizeof lanes / sizeof *lanes; l++) {
        heap h = {0};
        vi_allocator a = heap_allocator(&h);
        vi_threads *t = create(lanes[l], NULL, NULL, &a);
        for (int forward = 0; forward < 3; forward++) {
            if (forward > 0) vi_threads_begin(t);
            for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
                CHECK(run_job(t, units[u], 20), "%zu lanes, %zu units, forward %d", lanes[l], units[u], forward);
            }
            if (forward > 0) vi_threads_end(t);
        }
        CHECK(h.calls == 1, "sections must not allocate: %d calls", h.calls);
        vi_threads_free(t, &a);
        CHECK(heap_live(&h) == 0 && !h.wrong && a.in_use == 0, "leak");
    }
}

static void test_arguments(void) {
    heap h = {0};
    vi_allocator a = heap_allocator(&h);
    vi_threads *t = NULL;
    vi_error e = {0};
    CHECK(vi_threads_create(&t, 0, NULL, NULL, &a, &e) == VIT_ERROR_ARGUMENT && t == NULL, "0 lanes");
    CHECK(vi_threads_create(&t, VI_MAX_LANES + 1, NULL, NULL, &a, &e) == VIT_ERROR_ARGUMENT && t == NULL, "257 lanes");
    h.fail_at = 1;
    CHECK(vi_threads_create(&t, 4, NULL, NULL, &a, &e) == VIT_ERROR_MEMORY && t == NULL && a.in_use == 0, "no memory");
    h = (heap){0};
    vi_threads_free(NULL, &a);
    vi_threads_free(create(8, NULL, NULL, &a), &a); /* never used */
    t = create(3, NULL, NULL, &a);
    vi_threads_begin(t); /* no section at all */
    vi_threads_end(t);
    vi_threads_begin(t); /* freed within */
    vi_threads_free(t, &a);
    CHECK(heap_live(&h) == 0 && !h.wrong, "leak");
}

/* ---- the caller's parallel_for ------------------------------------------------------------------------------------------- */

typedef struct caller {
    int calls;
    uint32_t n;
    bool threads; /* a thread for each, or one after the other, last first */
} caller;

typedef struct call {
    void (*fn)(void *arg, uint32_t i);
    void *arg;
    uint32_t i;
} call;

static void *run_call(void *p) {
    const call *c = p;
    c->fn(c->arg, c->i);
    return NULL;
}

static void callers_parallel_for(void *user, uint32_t n, void (*fn)(void *arg, uint32_t i), void *arg) {
    caller *c = user;
    c->calls++;
    c->n = n;
    if (!c->threads) {
        for (uint32_t i = n; i-- > 0;) fn(arg, i);
        return;
    }
    pthread_t threads[16];
    call calls[16];
    for (uint32_t i = 0; i < n; i++) {
        calls[i] = (call){fn, arg, i};
        if (pthread_create(&threads[i], NULL, run_call, &calls[i]) != 0) exit(2);
    }
    for (uint32_t i = 0; i < n; i++) pthread_join(threads[i], NULL);
}

static void test_parallel_for(void) {
    for (int threads = 0; threads < 2; threads++) {
        vi_allocator a = {0};
        caller c = {.threads = threads != 0};
        vi_threads *t = create(5, callers_parallel_for, &c, &a);
        vi_threads_begin(t);
        CHECK(run_job(t, 100, 20) && c.calls == 1 && c.n == 5, "%d calls, n %u", c.calls, (unsigned)c.n);
        CHECK(run_job(t, 2, 20) && c.calls == 2 && c.n == 5, "n is the number of lanes");
        CHECK(run_job(t, 1, 20) && run_job(t, 0, 20) && c.calls == 2, "one unit needs no other thread");
        vi_threads_end(t);
        vi_threads_free(t, &a);
        c.calls = 0;
        t = create(1, callers_parallel_for, &c, &a);
        CHECK(run_job(t, 100, 20) && c.calls == 0, "one lane is a plain loop");
        vi_threads_free(t, &a);
    }
}

/* ---- the workers as threads ---------------------------------------------------------------------------------------------- */

static int threads_of_process(void) { /* -1: cannot tell */
    DIR *d = opendir("/proc/self/task");
    if (d == NULL) return -1;
    int n = -2;
    while (readdir(d) != NULL) n++;
    closedir(d);
    return n;
}

/* Emulators of user programs have threads of their own, and cannot start more after fork. */
static bool emulated;

static void test_machine(void) {
    emulated = threads_of_process() > 1;
}

static void wait_until_alone(int before) { /* joined threads may linger in /proc for a moment */
    for (int i = 0; i < 200 && threads_of_process() > before; i++) nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

typedef struct seen {
    atomic_int workers, unblocked;
} seen;

static void look_at_thread(void *arg, size_t unit, size_t lane) {
    seen *s = arg;
    (void)unit;
    volatile char stack[32768]; /* twice what a unit may use */
    stack[0] = 1;
    stack[sizeof stack - 1] = stack[0];
    double until = seconds() + 0.002; /* so that others get units too */
    while (seconds() < until) continue;
    if (lane == 0) return;
    sigset_t set;
    pthread_sigmask(SIG_BLOCK, NULL, &set);
    atomic_fetch_add(&s->workers, 1);
    if (!sigismember(&set, SIGINT) || !sigismember(&set, SIGTERM) || !sigismember(&set, SIGUSR1) || sigismember(&set, SIGSEGV)) {
        atomic_fetch_add(&s->unblocked, 1);
    }
}

static void test_workers(void) {
    int before = threads_of_process();
    vi_allocator a = {0};
    vi_threads *t = create(4, NULL, NULL, &a);
#if defined(_OPENMP)
    SKIP("OpenMP's own threads: signals, number and sleep are its business");
    vi_threads_free(t, &a);
    (void)look_at_thread;
    (void)wait_until_alone;
    (void)cpu_seconds;
    (void)before;
#else
    CHECK(before < 0 || emulated || threads_of_process() == before + 3, "%d threads", threads_of_process());
    sigset_t set;
    pthread_sigmask(SIG_BLOCK, NULL, &set);
    CHECK(!sigismember(&set, SIGINT) && !sigismember(&set, SIGUSR1), "the caller's own mask must be restored");
    seen s = {0};
    for (int i = 0; i < 50 && atomic_load(&s.workers) < 10; i++) vi_parallel(t, 16, look_at_thread, &s);
    CHECK(atomic_load(&s.workers) >= 10 && atomic_load(&s.unblocked) == 0, "%d units on workers", atomic_load(&s.workers));

    vi_threads_begin(t);
    run_job(t, 100, 100);
    vi_threads_end(t);
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    double idle = cpu_seconds();
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    idle = cpu_seconds() - idle;
    CHECK(idle < 0.02, "idle workers used %.3f s of 0.2 s", idle);

    vi_threads_free(t, &a);
    t = create(2, NULL, NULL, &a); /* few enough to have a core each: these may spin */
    vi_threads_begin(t);           /* a forward that does nothing for a while: workers give up spinning */
    run_job(t, 100, 100);
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    idle = cpu_seconds();
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    idle = cpu_seconds() - idle;
    CHECK(idle < 0.02, "waiting workers used %.3f s of 0.2 s", idle);
    CHECK(run_job(t, 100, 100), "and wake up again");
    vi_threads_end(t);
    vi_threads_free(t, &a);
    wait_until_alone(before);
    CHECK(emulated || threads_of_process() == before, "%d threads left", threads_of_process() - before);
#endif
}

/* Many short sections, with more lanes than cores: nothing may hang or take milliseconds each. */
static void test_many_sections(void) {
    static const size_t lanes[] = {2, 3, 8, 64};
    for (size_t l = 0; l < sizeof lanes / sizeof *lanes; l++) {
        vi_allocator a = {0};
        vi_threads *t = create(lanes[l], NULL, NULL, &a);
        int sections = TSAN || HEAVY || lanes[l] > 8 ? 200 : 2000;
        double start = seconds();
        bool right = true;
        vi_threads_begin(t);
        for (int i = 0; i < sections; i++) right = run_job(t, 2 + (size_t)i % 30, i % 7 * 30) && right;
        vi_threads_end(t);
        CHECK(right, "%zu lanes", lanes[l]);
        CHECK(seconds() - start < 10, "%zu lanes: %d sections took %.2f s", lanes[l], sections, seconds() - start);
        vi_threads_free(t, &a);
    }
}

/* The caller is done at once, workers are slow: the section must not end before them. */
static void slow_on_workers(void *arg, size_t unit, size_t lane) {
    atomic_int *done = arg;
    nanosleep(&(struct timespec){.tv_nsec = lane == 0 ? 200000 : 3000000}, NULL);
    atomic_store(&done[unit], lane == 0 ? 1 : 2);
}

static void test_waits(void) {
    vi_allocator a = {0};
    vi_threads *t = create(4, NULL, NULL, &a);
    int by_workers = 0;
    for (int section = 0; section < 20; section++) {
        atomic_int done[12] = {0};
        if (section == 10) vi_threads_begin(t);
        vi_parallel(t, 12, slow_on_workers, done);
        for (size_t i = 0; i < 12; i++) {
            CHECK(atomic_load(&done[i]) != 0, "unit %zu of section %d is not done", i, section);
            by_workers += atomic_load(&done[i]) == 2;
        }
        nanosleep(&(struct timespec){.tv_nsec = 4000000}, NULL); /* what comes late must not land in the next section */
    }
    vi_threads_end(t);
    vi_threads_free(t, &a);
    CHECK(by_workers >= 10, "only %d units on workers", by_workers);
}

static void *own_pool(void *argument) {
    bool *right = argument;
    *right = true;
    for (int round = 0; round < 4; round++) {
        vi_allocator a = {0};
        vi_threads *t = NULL;
        if (vi_threads_create(&t, 3, NULL, NULL, &a, NULL) != VIT_OK) {
            *right = false;
            continue;
        }
        vi_threads_begin(t);
        for (size_t i = 0; i < 20; i++) *right = run_job(t, i * 5, 50) && *right;
        vi_threads_end(t);
        vi_threads_free(t, &a);
    }
    return NULL;
}

static void test_pools_at_once(void) {
    pthread_t threads[16];
    bool right[16];
    for (size_t i = 0; i < 16; i++) {
        if (pthread_create(&threads[i], NULL, own_pool, &right[i]) != 0) exit(2);
    }
    for (size_t i = 0; i < 16; i++) {
        pthread_join(threads[i], NULL);
        CHECK(right[i], "pool %zu", i);
    }
}

/* ---- fork ---------------------------------------------------------------------------------------------------------------- */

#if !TSAN
static int child_status(pid_t child) {
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* In the child: 0 when all is well. `alarm` kills it when it hangs. */
static int child_runs(vi_threads *t, vi_allocator *a) {
    alarm(20);
    vi_threads_begin(t);
    for (size_t i = 0; i < 50; i++) {
        if (!run_job(t, i, 50)) return 1;
    }
    vi_threads_end(t);
    if (!run_job(t, 100, 50)) return 2;
#if !defined(_OPENMP)
    int threads = threads_of_process();
    if (threads >= 0 && threads != (int)vi_threads_lanes(t)) return 4; /* the child has workers of its own */
#endif
    vi_threads_free(t, a);
    return a->in_use == 0 ? 0 : 3;
}

static job busy_job; /* not on the heap: children would leak it */

static void *busy_forwards(void *argument) {
    vi_threads *t = argument;
    void *wrong = NULL;
    for (int i = 0; i < 300; i++) {
        vi_threads_begin(t);
        for (size_t k = 0; k < 10; k++) {
            if (!run_job_in(&busy_job, t, 40, 100)) wrong = t;
        }
        vi_threads_end(t);
    }
    return wrong;
}

static void test_fork(void) {
    if (emulated) {
        SKIP("this emulator cannot start threads after fork");
        return;
    }
    vi_allocator a = {0};
    vi_threads *t = create(4, NULL, NULL, &a), *unused = create(4, NULL, NULL, &a);
    CHECK(run_job(t, 100, 50), "parent");
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        int status = child_runs(t, &a) == 3 ? 0 : 1; /* `unused` is still counted */
        vi_threads_free(unused, &a);                 /* without a section in the child */
        _exit(status == 0 && a.in_use == 0 ? 0 : 4);
    }
    CHECK(child_status(child) == 0, "child of an idle pool");
    CHECK(run_job(t, 100, 50), "the parent's pool still works");

    pthread_t thread; /* fork while another thread is in a forward: the child has a pool of its own and must be able to use it */
    if (pthread_create(&thread, NULL, busy_forwards, unused) != 0) exit(2);
    for (int i = 0; i < 8; i++) {
        fflush(stdout);
        child = fork();
        if (child == 0) {
            alarm(20);
            vi_threads_begin(t);
            bool right = run_job(t, 100, 50);
            vi_threads_end(t);
            vi_threads_free(t, &a);
            vi_threads_free(unused, &a); /* was in the middle of a section */
            _exit(right ? 0 : 1);
        }
        CHECK(child_status(child) == 0, "child %d of a busy process", i);
    }
    void *wrong;
    pthread_join(thread, &wrong);
    CHECK(wrong == NULL, "the busy thread");
    vi_threads_free(t, &a);
    vi_threads_free(unused, &a);
    CHECK(a.in_use == 0, "leak");
}

/* Threads that cannot be started: an error, nothing left. In a child, as limits cannot be taken back. */
static void test_no_threads(void) {
#if defined(_OPENMP)
    SKIP("OpenMP starts threads later and on its own");
#else
    if (emulated) {
        SKIP("this emulator has threads of its own");
        return;
    }
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        alarm(20);
        if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(9); /* limits do not bind root */
        for (rlim_t most = 6; most >= 1; most--) { /* some threads start, the rest does not */
            struct rlimit limit = {most, most};
            if (setrlimit(RLIMIT_NPROC, &limit) != 0) _exit(9);
            heap h = {0};
            vi_allocator a = heap_allocator(&h);
            vi_threads *t = NULL;
            vi_error e = {0};
            int32_t status = vi_threads_create(&t, 16, NULL, NULL, &a, &e);
            if (status == VIT_OK) _exit(8);
            if (status != VIT_ERROR_MEMORY || t != NULL || h.calls != 1 || heap_live(&h) != 0 || h.wrong ||
                a.in_use != 0) _exit(1);
            wait_until_alone(1);
            if (threads_of_process() > 1) _exit(2);
        }
        _exit(0);
    }
    int status = child_status(child);
    if (status == 8 || status == 9) SKIP("the limit on threads does not bind here");
    else CHECK(status == 0, "status %d", status);
#endif
}
#else
static void test_fork(void) {
    SKIP("thread sanitizer forbids threads after fork");
}

static void test_no_threads(void) {
    SKIP("thread sanitizer forbids threads after fork");
}
#endif

TEST_MAIN(test_machine, test_units, test_arguments, test_parallel_for, test_workers, test_many_sections, test_waits,
          test_pools_at_once, test_fork, test_no_threads)
