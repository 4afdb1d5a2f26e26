/* pictures.c: from picture files to logits, with the tool's picture readers: the 45 pictures whose logits an independent PyTorch
 * and Pillow pipeline gave, and CIFAR-10 test pictures with a small trained model. Built and run by test_pictures.sh. */
#include "npz.h"
#include "picture.h"

#define MODEL "models/vit_tiny_patch16_224.augreg_in21k_ft_in1k"
#define LOGITS "golden/vit_tiny_patch16_224.augreg_in21k_ft_in1k.logits.npz"
#define TOLERANCE 1e-4 /* of the largest logit */
#define CLASSES 1000
#define CIFAR_RIGHT 76 /* of the 100 pictures, by the same model in PyTorch */

static const char *shared(char *dst, size_t size, const char *name) {
    snprintf(dst, size, "%s/%s", test_shared(), name);
    return dst;
}

/* Entry i of a one-dimensional array of "<Un" texts: 4 bytes a letter. */
static void name_of(const unsigned char *npy, int i, char name[64]) {
    size_t header = (size_t)npy[8] | (size_t)npy[9] << 8;
    char text[256] = "";
    memcpy(text, npy + 10, header < 255 ? header : 255);
    const char *type = strstr(text, "<U");
    size_t letters = type ? (size_t)strtoul(type + 2, NULL, 10) : 0;
    memset(name, 0, 64);
    for (size_t c = 0; c < letters && c < 63; c++) name[c] = (char)npy[10 + header + 4 * ((size_t)i * letters + c)];
}

/* false: skipped, because this build cannot decode it, or failed. */
static bool read_shared_picture(struct picture *picture, const char *name) {
    static const char *const folders[] = {"images/imagenet", "images/photos", "images/cifar10"};
    struct why why = {""};
    for (size_t i = 0; i < 3; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s/%s", test_shared(), folders[i], name);
        FILE *f = fopen(path, "rb");
        if (!f) continue;
        fclose(f);
        if (picture_read(picture, path, &why)) return true;
        const char *extension = strrchr(name, '.');
        const char *kind = extension && strcmp(extension, ".png") == 0 ? "PNG" : "JPEG";
        if (strstr(picture_kinds(), kind))
            CHECK(0, "%s", why.text);
        else
            SKIP("%s: %s", name, why.text);
        return false;
    }
    CHECK(0, "%s is not in %s/images", name, test_shared());
    return false;
}

static void logits_of_pictures_match(void) {
    char path[512], why[512] = "";
    size_t size = 0, names_size;
    unsigned char *file = gold_file(shared(path, sizeof path, LOGITS), &size);
    if (!file) {
        SKIP("%s is not here: no real picture is classified", path);
        return;
    }
    gold logits = npz_floats(file, size, "logits");
    unsigned char *names = npz_member(file, size, "names", &names_size);
    vit_context *vit = NULL;
    CHECK(vit_load(&vit, shared(path, sizeof path, MODEL), NULL, why, sizeof why) == VIT_OK, "%s", why);
    CHECK(names && logits.rank == 2 && logits.shape[0] == 45 && logits.shape[1] == CLASSES, "%s", LOGITS);
    double worst = 0;
    int compared = 0;
    for (int i = 0; vit && names && i < (int)logits.shape[0]; i++) {
        char name[64];
        struct picture picture;
        float found[CLASSES], *expected = logits.data + (size_t)i * CLASSES;
        name_of(names, i, name);
        if (!read_shared_picture(&picture, name)) continue;
        CHECK(vit_forward(vit, &picture.image, 1, found, CLASSES) == VIT_OK, "%s: %s", name, vit_message(vit));
        double error = gold_error(found, expected, CLASSES);
        CHECK(error <= TOLERANCE, "%s: logits differ by %.2e of the largest", name, error);
        CHECK(gold_argmax(found, CLASSES) == gold_argmax(expected, CLASSES), "%s: another class", name);
        if (error > worst) worst = error;
        compared++;
        picture_free(&picture);
    }
    printf("%d pictures: worst difference %.2e of the largest logit\n", compared, worst);
    vit_free(vit);
    free(names);
    free(logits.data);
    free(file);
}

static vit_context *load_cifar(void) {
    static const float mean[] = {0.4914f, 0.4822f, 0.4465f}, std[] = {0.2023f, 0.1994f, 0.2010f};
    char path[512], why[512] = "";
    vit_context *vit = NULL;
    vit_options *o = vit_options_create();
    vit_options_set_int(o, VIT_OPT_HEADS, 8);
    vit_options_set_int(o, VIT_OPT_ACTIVATION, VIT_ACT_GELU_TANH);
    vit_options_set_int(o, VIT_OPT_RESIZE, VIT_RESIZE_NONE);
    vit_options_set_real(o, VIT_OPT_EPS, 1e-5);
    vit_options_set_vector(o, VIT_OPT_MEAN, mean, 3);
    vit_options_set_vector(o, VIT_OPT_STD, std, 3);
    CHECK(vit_load(&vit, shared(path, sizeof path, "models/vit_numpy_cifar10_d64/model.safetensors"), o, why, sizeof why) ==
              VIT_OK,
          "%s", why);
    vit_options_free(o);
    return vit;
}

static void cifar10_is_recognised(void) {
    static const char *const classes[] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                          "dog",      "frog",       "horse", "ship", "truck"};
    char path[512];
    size_t size;
    unsigned char *there = gold_file(shared(path, sizeof path, "models/vit_numpy_cifar10_d64/model.safetensors"), &size);
    if (!there || !strstr(picture_kinds(), "JPEG")) {
        SKIP("%s is not here, or no JPEG reader: CIFAR-10 is not tested", path);
        free(there);
        return;
    }
    free(there);
    vit_context *vit = load_cifar();
    int right = 0, all = 0;
    for (int32_t label = 0; vit && label < 10; label++)
        for (int i = 0; i < 10; i++) {
            char name[64];
            struct picture picture;
            float logits[10];
            snprintf(name, sizeof name, "%s_%04d.jpg", classes[label], i);
            if (!read_shared_picture(&picture, name)) continue;
            CHECK(vit_forward(vit, &picture.image, 1, logits, 10) == VIT_OK, "%s: %s", name, vit_message(vit));
            right += gold_argmax(logits, 10) == label;
            all++;
            picture_free(&picture);
        }
    printf("CIFAR-10: %d of %d right\n", right, all);
    CHECK(all == 100, "%d pictures", all);
    CHECK(right == CIFAR_RIGHT, "%d right, PyTorch has %d", right, CIFAR_RIGHT);
    vit_free(vit);
}

TEST_MAIN(logits_of_pictures_match, cifar10_is_recognised)
