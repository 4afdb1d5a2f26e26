/* quantize.c: `vit quantize`: a model as a .vit file with 8-bit weights, and how close it stays to the float model. */
#include "commands.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "picture.h"
#include "print.h"
#include "system.h"

enum { NOISE_PICTURES = 32, NOISE_SIDE = 64, NOISE_BLOCK = 8, PATH_MOST = 1024 };

/* What was found on the pictures so far. */
struct accuracy {
    struct model *exact, *rounded;
    float *logits[2];   /* [K] of each model */
    double *cosines;    /* [room] of the pooled embeddings */
    double *errors;     /* [room] largest difference of a logit, relative to the largest logit */
    int64_t count, room;
    int64_t same; /* pictures with the same most probable class */
    double worst;
    char worst_name[PATH_MOST]; /* of the picture with the lowest cosine */
    int failed, skipped;        /* named pictures, files of folders */
};

static bool accuracy_begin(struct accuracy *a, struct model *exact, struct model *rounded) {
    *a = (struct accuracy){.exact = exact, .rounded = rounded, .worst = 2};
    size_t classes = (size_t)exact->classes + 1;
    for (int i = 0; i < 2; i++) a->logits[i] = calloc(classes, sizeof *a->logits[i]);
    if (a->logits[0] && a->logits[1]) return true;
    complain("out of memory");
    return false;
}

static void accuracy_end(struct accuracy *a) {
    free(a->logits[0]);
    free(a->logits[1]);
    free(a->cosines);
    free(a->errors);
}

static bool accuracy_grow(struct accuracy *a) {
    if (a->count < a->room) return true;
    int64_t room = 2 * a->room + 64;
    double *cosines = realloc(a->cosines, (size_t)room * sizeof *cosines);
    if (cosines) a->cosines = cosines;
    double *errors = realloc(a->errors, (size_t)room * sizeof *errors);
    if (errors) a->errors = errors;
    if (cosines && errors) a->room = room;
    return cosines && errors;
}

static double cosine(const float *x, const float *y, int64_t n) {
    double xy = 0, xx = 0, yy = 0;
    for (int64_t i = 0; i < n; i++) {
        xy += (double)x[i] * (double)y[i];
        xx += (double)x[i] * (double)x[i];
        yy += (double)y[i] * (double)y[i];
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : xx == yy;
}

/* Logits to `logits`, *embedding a view into the context. */
static int32_t forward(struct model *model, const vit_image *image, float *logits, const float **embedding) {
    int64_t shape[4];
    int32_t rank, classes = model->classes;
    int32_t status = vit_forward(model->vit, image, 1, classes ? logits : NULL, (size_t)classes);
    return status == VIT_OK ? vit_output(model->vit, VIT_OUTPUT_EMBEDDING, 0, embedding, shape, &rank) : status;
}

/* Both models on one picture. On false why says what is wrong with it. */
static bool compare(struct accuracy *a, const vit_image *image, const char *name, struct why *why) {
    const float *embedding[2] = {NULL, NULL};
    struct model *models[2] = {a->exact, a->rounded};
    for (int i = 0; i < 2; i++) {
        if (forward(models[i], image, a->logits[i], &embedding[i]) == VIT_OK) continue;
        refuse(why, "%s: %s", name, vit_message(models[i]->vit));
        return false;
    }
    if (!accuracy_grow(a)) {
        refuse(why, "out of memory");
        return false;
    }
    double largest = 0, difference = 0;
    int32_t classes = a->exact->classes, top[2] = {0, 0};
    for (int32_t i = 0; i < classes; i++) {
        largest = fmax(largest, fabs((double)a->logits[0][i]));
        difference = fmax(difference, fabs((double)a->logits[0][i] - (double)a->logits[1][i]));
    }
    for (int i = 0; i < 2 && classes; i++) vit_top(a->logits[i], classes, 1, &top[i]);
    double alike = cosine(embedding[0], embedding[1], model_number(a->exact, VIT_INFO_EMBEDDING));
    if (!(alike >= a->worst)) {
        a->worst = alike;
        snprintf(a->worst_name, sizeof a->worst_name, "%s", name);
    }
    a->same += top[0] == top[1];
    a->cosines[a->count] = alike;
    a->errors[a->count++] = largest > 0 ? difference / largest : difference;
    return true;
}

static bool compare_file(struct accuracy *a, const char *path, struct why *why) {
    struct picture picture;
    if (!picture_read(&picture, path, why)) return false;
    bool good = compare(a, &picture.image, picture_shown_name(path), why);
    picture_free(&picture);
    return good;
}

/* system_list's callback: not every file in a folder need be a picture. */
static void compare_member(void *user, const char *path) {
    struct accuracy *a = user;
    struct why why;
    if (!compare_file(a, path, &why)) a->skipped++;
}

static void compare_named(struct accuracy *a, char *const *paths, int count) {
    for (int i = 0; i < count; i++) {
        struct why why;
        if (system_list(paths[i], compare_member, a) || compare_file(a, paths[i], &why)) continue;
        complain("%s", why.text);
        a->failed++;
    }
}

/* Blocks of random colours under fine noise. */
static void compare_noise(struct accuracy *a) {
    static unsigned char pixels[NOISE_SIDE][NOISE_SIDE][3];
    uint32_t state = 1;
    for (int n = 0; n < NOISE_PICTURES; n++) {
        for (int y = 0; y < NOISE_SIDE; y++)
            for (int x = 0; x < NOISE_SIDE; x++)
                for (int i = 0; i < 3; i++) {
                    state = state * 1664525u + 1013904223u;
                    bool first = y % NOISE_BLOCK == 0 && x % NOISE_BLOCK == 0;
                    unsigned base = pixels[y / NOISE_BLOCK * NOISE_BLOCK][x / NOISE_BLOCK * NOISE_BLOCK][i];
                    pixels[y][x][i] = (unsigned char)(first ? state >> 24 : (7 * base + (state >> 24)) / 8);
                }
        vit_image image = {.planes = {pixels}, .format = VIT_PIXELS_RGB8, .width = NOISE_SIDE, .height = NOISE_SIDE};
        struct why why;
        if (compare(a, &image, "random picture", &why)) continue;
        complain("%s", why.text);
        a->failed++;
    }
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int64_t n) {
    qsort(values, (size_t)n, sizeof *values, ascending);
    return n > 0 ? (values[(n - 1) / 2] + values[n / 2]) / 2 : NAN;
}

static void report_json(const struct accuracy *a, const char *out, bool noise, double cosine_median, double error_median) {
    uint64_t size = 0;
    system_file_size(out, &size);
    fputs("{\"model\": ", stdout);
    print_json_text(a->exact->name);
    fputs(", \"out\": ", stdout);
    print_json_text(out);
    printf(", \"out_bytes\": %llu, \"weight_bytes\": %lld, \"weight_bytes_f32\": %lld", (unsigned long long)size,
           (long long)model_number(a->rounded, VIT_INFO_WEIGHT_BYTES), (long long)model_number(a->exact, VIT_INFO_WEIGHT_BYTES));
    printf(",\n \"pictures\": %lld, \"random\": %s, \"skipped\": %d", (long long)a->count, noise ? "true" : "false", a->skipped);
    if (a->exact->classes) printf(", \"same_top1\": %lld", (long long)a->same);
    fputs(", \"cosine_median\": ", stdout);
    print_json_real(cosine_median);
    fputs(", \"cosine_worst\": ", stdout);
    print_json_real(a->count ? a->worst : NAN);
    fputs(", \"worst\": ", stdout);
    print_json_text(a->worst_name);
    if (a->exact->classes) {
        fputs(",\n \"logit_error_median\": ", stdout);
        print_json_real(error_median);
        fputs(", \"logit_error_worst\": ", stdout);
        print_json_real(a->count ? a->errors[a->count - 1] : NAN);
    }
    puts("}");
}

static void report_text(const struct accuracy *a, const char *out, bool noise, double cosine_median, double error_median) {
    char before[PRINT_SMALL], after[PRINT_SMALL], file[PRINT_SMALL];
    uint64_t size = 0;
    system_file_size(out, &size);
    print_text(stdout, out, 0);
    printf(": %s; weights %s instead of %s in f32\n", text_of_bytes(file, size),
           text_of_bytes(after, (uint64_t)model_number(a->rounded, VIT_INFO_WEIGHT_BYTES)),
           text_of_bytes(before, (uint64_t)model_number(a->exact, VIT_INFO_WEIGHT_BYTES)));
    printf("compared with f32 on %lld %spicture%s%s\n", (long long)a->count, noise ? "random " : "", a->count == 1 ? "" : "s",
           noise ? "; name real ones to learn more" : "");
    if (a->skipped) printf("%d other file%s in the folders left out\n", a->skipped, a->skipped == 1 ? "" : "s");
    if (a->count == 0) return;
    if (a->exact->classes)
        printf("same top class   %lld of %lld, %.2f %%\n", (long long)a->same, (long long)a->count,
               100 * (double)a->same / (double)a->count);
    printf("embedding        cosine median %.6f, worst %.6f", cosine_median, a->worst);
    if (!noise) {
        fputs(" (", stdout);
        print_text(stdout, a->worst_name, 0);
        putchar(')');
    }
    putchar('\n');
    if (a->exact->classes)
        printf("logits           largest error median %.2f %%, worst %.2f %% of the largest logit\n", 100 * error_median,
               100 * a->errors[a->count - 1]);
}

static int quantize(struct accuracy *a, const struct args *args) {
    const char *out = args->operands[1];
    if (vit_save(a->rounded->vit, out, NULL, 0) != VIT_OK) {
        complain("%s", vit_message(a->rounded->vit));
        return EXIT_FAILED;
    }
    bool noise = args->operand_count == 2;
    if (noise) compare_noise(a);
    else compare_named(a, args->operands + 2, args->operand_count - 2);
    double cosine_median = median(a->cosines, a->count), error_median = median(a->errors, a->count);
    if (args->json) report_json(a, out, noise, cosine_median, error_median);
    else report_text(a, out, noise, cosine_median, error_median);
    return a->failed ? EXIT_FAILED : EXIT_OK;
}

int command_quantize(const struct args *args) {
    struct args as_float = *args, as_int8 = *args;
    as_float.precision = VIT_PRECISION_F32;
    as_int8.precision = VIT_PRECISION_INT8;
    as_int8.quiet = true; /* the same warnings again */
    struct model exact = {0}, rounded = {0};
    struct accuracy a = {0};
    int exit_code = EXIT_FAILED;
    bool good = model_open(&exact, &as_float, args->operands[0], 1, &exit_code) &&
                model_open(&rounded, &as_int8, args->operands[0], 1, &exit_code) && accuracy_begin(&a, &exact, &rounded);
    if (good) exit_code = quantize(&a, args);
    accuracy_end(&a);
    model_close(&rounded);
    model_close(&exact);
    return exit_code;
}
