/* use.cpp: every member of vit.hpp, compiled with and without exceptions and run on the example model (path in argv[1]) and
 * picture. */
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "vit.hpp"

static int passed, failed;

static void check(bool condition, const char *what) {
    if (condition) {
        passed++;
    } else {
        failed++;
        std::printf("tests/cpp/use.cpp: failed: %s\n", what);
    }
}

static int32_t read_memory(void *user, uint64_t offset, void *dst, size_t size) {
    const std::vector<char> &data = *static_cast<std::vector<char> *>(user);
    if (offset > data.size() || size > data.size() - static_cast<size_t>(offset)) return 1;
    std::copy(data.data() + offset, data.data() + offset + size, static_cast<char *>(dst));
    return 0;
}

/* A load that must fail, whether that is thrown or told. */
static void failing_load(const char *path) {
#if VIT_HPP_THROWS
    try {
        vit::Context none(path);
        check(false, "a missing file must throw");
    } catch (const vit::Error &e) {
        check(e.status() == VIT_ERROR_IO && std::string(e.what()).find(path) != std::string::npos, "the error names the file");
    }
#else
    vit::Context none(path);
    check(!none && none.status() == VIT_ERROR_IO, "a missing file gives an empty context");
    check(none.message().find(path) != std::string::npos, "the message names the file");
#endif
}

static void run(const char *path) {
    std::ifstream file(path, std::ios::binary);
    std::vector<char> data((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    std::vector<unsigned char> pixels(40 * 30 * 4);
    for (size_t i = 0; i < pixels.size(); i++) pixels[i] = static_cast<unsigned char>(i * 7 % 251);

    vit::Options options;
    options.threads(2).max_batch(2).normalize(true);
    vit::Context model(path, options);
    check(static_cast<bool>(model), "load with options");
    check(model.info(VIT_INFO_THREADS) == 2 && model.info(VIT_INFO_MAX_BATCH) == 2, "options arrived");

    const vit_image image = vit::rgb(pixels.data(), 40, 30);
    const std::vector<float> logits = model.logits(image);
    check(static_cast<int64_t>(logits.size()) == model.info(VIT_INFO_OUTPUTS), "number of logits");
    std::vector<vit_image> batch(3, image);
    const std::vector<float> many = model.logits(batch);
    check(many.size() == 3 * logits.size() &&
              std::equal(logits.begin(), logits.end(), many.end() - static_cast<long>(logits.size())),
          "a batch gives the same logits");

    const std::vector<vit::Class> best = model.classify(image, 3);
    check(best.size() == 3 && best[0].probability >= best[1].probability, "classes come best first");
    check(best[0].label == model.label(best[0].index), "label of the best class");
    const std::vector<float> embedding = model.embed(image);
    double norm = 0;
    for (float x : embedding) norm += static_cast<double>(x) * static_cast<double>(x);
    check(std::fabs(norm - 1) < 1e-4, "embedding of length 1");

    check(model.request(VIT_OUTPUT_TOKENS) == VIT_OK, "request");
    check(model.forward(&image, 1, nullptr, 0) == VIT_OK, "forward without logits");
    const vit::View tokens = model.output(VIT_OUTPUT_TOKENS);
    check(tokens.data && tokens.shape.size() == 3 && tokens.shape[1] == model.info(VIT_INFO_TOKENS), "tokens");

    vit::Context from_memory = vit::Context::from_memory(data.data(), data.size());
    vit::Context from_reader = vit::Context::from_reader(read_memory, &data, data.size());
    check(from_memory.logits(image) == logits && from_reader.logits(image) == logits, "the same model from memory and reader");
    vit::Context twin = model.clone();
    vit::Context moved(std::move(model));
    check(!model && moved, "a moved context is empty"); // NOLINT: looking at it is the point
    model = std::move(moved);
    check(twin.logits(image) == logits && model.logits(image) == logits, "clone and move keep the model");
    check(!model.text(VIT_TEXT_PIPELINE).empty(), "text");

    std::vector<float> input(static_cast<size_t>(model.info(VIT_INFO_CHANNELS) * model.info(VIT_INFO_IMAGE_WIDTH) *
                                                 model.info(VIT_INFO_IMAGE_HEIGHT)));
    check(model.preprocess(image, input.data(), input.size()) == VIT_OK, "preprocess");
    const int32_t width = static_cast<int32_t>(model.info(VIT_INFO_IMAGE_WIDTH));
    const int32_t height = static_cast<int32_t>(model.info(VIT_INFO_IMAGE_HEIGHT));
    check(model.logits(vit::planes(input.data(), width, height)) == logits, "preprocessed input");
    check(model.logits(vit::bgra(pixels.data(), 40, 30)) != model.logits(vit::rgba(pixels.data(), 40, 30)), "channel order");
    check(model.logits(vit::gray(pixels.data() + 29 * 40, 40, 30, -40)) != logits, "negative stride");
    failing_load("no/such/model.vit");
}

/* A model of two towers. */
static void run_pair(const char *path) {
    const std::vector<unsigned char> pixels(12 * 12 * 3, 99);
    const std::vector<std::string> texts = {"a cat", "the dog"};
    vit::Context model{std::string(path)};
    check(model.embed_texts(texts).size() == texts.size() * static_cast<size_t>(model.info(VIT_INFO_EMBEDDING)), "texts");
    const std::vector<float> scores = model.zeroshot(vit::rgb(pixels.data(), 12, 12), texts);
    check(scores.size() == 2 && std::fabs(scores[0] + scores[1] - 1) < 1e-5f, "scores");
}

int main(int argc, char **argv) {
    if (argc > 1) run(argv[1]);
    if (argc > 2) run_pair(argv[2]);
    std::printf("tests/cpp/use.cpp: %d passed, %d failed\n", passed, failed);
    return failed != 0;
}
