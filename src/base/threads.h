/* threads.h: how work is spread over cores. The only file that names OpenMP or pthreads.
 *
 * A parallel section runs `units` independent pieces on up to `lanes` lanes. A lane is a worker with its own scratch memory;
 * lanes take the next unit from a shared counter, so who computes what is not fixed, but every unit computes the same bits
 * wherever it runs. Sources, in this order: one lane (a plain loop, no synchronisation at all), the caller's parallel_for,
 * OpenMP when built with it, our own pool. The pool's workers sleep when no forward runs; in a forked child the pool is
 * gone and is made anew on first use, or the work runs serially when that fails. */
#ifndef VI_BASE_THREADS_H
#define VI_BASE_THREADS_H

#include <stddef.h>
#include "base/alloc.h"
#include "base/status.h"

#define VI_MAX_LANES 256

typedef struct vi_threads vi_threads;
typedef void (*vi_work)(void *arg, size_t unit, size_t lane);

/* lanes: 1..VI_MAX_LANES. parallel_for may be NULL. The pool's threads are started here; failing to start some is an error
 * (VIT_ERROR_MEMORY). */
int32_t vi_threads_create(vi_threads **out, size_t lanes, vit_parallel_for_fn parallel_for, void *user, vi_allocator *a,
                          vi_error *e);
void vi_threads_free(vi_threads *t, vi_allocator *a); /* joins the pool; accepts NULL */
size_t vi_threads_lanes(const vi_threads *t); /* of NULL: 1 */

const char *vi_threads_kind(void); /* what this build spreads work with when the caller gives no parallel_for */

/* Bracket a forward: between the two the pool's workers may spin for the next section instead of sleeping. */
void vi_threads_begin(vi_threads *t);
void vi_threads_end(vi_threads *t);

/* Returns when all units are done. Never allocates. lane < vi_threads_lanes(t). t NULL: on the calling thread, also inside a
 * section. */
void vi_parallel(vi_threads *t, size_t units, vi_work fn, void *arg);

#endif
