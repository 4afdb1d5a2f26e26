/* threads.c: many pictures on several threads: one clone a thread, all on the same weights.
 *
 *     cc threads.c $(pkg-config --cflags --libs vit) -pthread -o threads
 *     ./threads cifar10/cifar10.vit a.ppm b.ppm c.ppm
 *
 * Clones are for pictures that come independently; to finish one picture sooner, set VIT_OPT_THREADS instead. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "ppm.h"
#include "vit.h"

enum { THREADS = 4, PICTURES_MAX = 1024 };

struct result {
    int32_t class;
    float logit;
    char why[128]; /* "": done */
};

struct worker {
    pthread_t thread;
    vit_context *vit;
    char **paths;
    struct result *results;
    int first, count; /* every THREADS-th picture from `first` on is this worker's */
    int64_t classes;
};

static void classify(struct worker *w, const char *path, unsigned char *pixels, float *logits, struct result *result) {
    vit_image image;
    if (!ppm_read(path, pixels, PPM_ROOM, &image)) {
        snprintf(result->why, sizeof result->why, "not read");
    } else if (vit_forward(w->vit, &image, 1, logits, (size_t)w->classes) != VIT_OK) {
        snprintf(result->why, sizeof result->why, "%s", vit_message(w->vit));
    } else {
        vit_top(logits, (int32_t)w->classes, 1, &result->class);
        result->logit = logits[result->class];
    }
}

static void *work(void *argument) {
    struct worker *w = argument;
    unsigned char *pixels = malloc(PPM_ROOM);
    float *logits = malloc((size_t)w->classes * sizeof *logits);
    for (int i = w->first; i < w->count; i += THREADS) {
        if (pixels && logits) {
            classify(w, w->paths[i], pixels, logits, &w->results[i]);
        } else {
            snprintf(w->results[i].why, sizeof w->results[i].why, "out of memory");
        }
    }
    free(pixels);
    free(logits);
    return NULL;
}

/* Returns how many workers run. Clones are made here, as `origin` belongs to this thread. */
static int start(struct worker *workers, vit_context *origin, char **paths, int count, struct result *results) {
    char why[256];
    int started = 0;
    for (; started < THREADS; started++) {
        struct worker *w = &workers[started];
        *w = (struct worker){.paths = paths, .results = results, .first = started, .count = count};
        if (vit_clone(&w->vit, origin, NULL, why, sizeof why) != VIT_OK) {
            fprintf(stderr, "%s\n", why);
            break;
        }
        vit_info_int(w->vit, VIT_INFO_CLASSES, &w->classes);
        if (pthread_create(&w->thread, NULL, work, w) != 0) {
            fprintf(stderr, "no thread could be started\n");
            vit_free(w->vit);
            break;
        }
    }
    return started;
}

int main(int argc, char **argv) {
    static struct result results[PICTURES_MAX];
    struct worker workers[THREADS];
    int count = argc - 2, failed = 0;
    if (count < 1 || count > PICTURES_MAX) {
        fprintf(stderr, "usage: threads MODEL PICTURE.ppm... (at most %d)\n", PICTURES_MAX);
        return 2;
    }
    vit_context *origin = NULL;
    char why[256];
    if (vit_load(&origin, argv[1], NULL, why, sizeof why) != VIT_OK) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    int started = start(workers, origin, argv + 2, count, results);
    vit_free(origin); /* the clones keep the weights */
    for (int i = 0; i < started; i++) {
        pthread_join(workers[i].thread, NULL);
        vit_free(workers[i].vit);
    }
    if (started < THREADS) return 1;
    for (int i = 0; i < count; i++) {
        const struct result *r = &results[i];
        if (*r->why == '\0') {
            printf("%s: class %d, logit %.4f\n", argv[2 + i], (int)r->class, (double)r->logit);
        } else {
            printf("%s: %s\n", argv[2 + i], r->why);
            failed = 1;
        }
    }
    return failed;
}
