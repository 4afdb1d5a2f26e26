/* vit.hpp: vit.h for C++11 and later, header only: objects that free themselves, are moved and never copied.
 *
 *     vit::Context model("model.vit");
 *     vit_image image = vit::rgb(pixels, 640, 480);
 *     for (const vit::Class &c : model.classify(image, 5)) std::printf("%s %.3f\n", c.label.c_str(), c.probability);
 *
 * A failure throws vit::Error. Where exceptions are switched off (-fno-exceptions) it does not: functions that return a status
 * return the negative code, those that return a vector return an empty one, a Context that could not be made is false, and
 * status() and message() say why. vit.h is the manual; get() gives its handle for what has no short form here.
 *
 * A Context or Options object is used by one thread at a time; clone() makes another Context on the same weights. */
#ifndef VIT_HPP
#define VIT_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "vit.h"

#if defined(__cpp_exceptions) || defined(__EXCEPTIONS) || defined(_CPPUNWIND)
#define VIT_HPP_THROWS 1
#include <new>
#include <stdexcept>
#else
#define VIT_HPP_THROWS 0
#endif

namespace vit {

#if VIT_HPP_THROWS
class Error : public std::runtime_error {
public:
    Error(int32_t status, const std::string &text) : std::runtime_error(text), status_(status) {}
    int32_t status() const noexcept { return status_; } /* VIT_ERROR_* */

private:
    int32_t status_;
};
#endif

namespace detail {
/* Throws for a negative status where that is possible; otherwise hands it on. */
inline int32_t check(int32_t status, const char *message) {
#if VIT_HPP_THROWS
    if (status < 0) throw Error(status, message && *message ? message : vit_status_text(status));
#else
    (void)message;
#endif
    return status;
}
} // namespace detail

/* ---- pictures: views of the caller's pixels -------------------------------------------------------------------------------- */

/* stride: bytes from a row to the next; 0: no gap; negative: pixels points to the last row in memory, which is row 0. */
inline vit_image picture(int32_t format, const void *pixels, int32_t width, int32_t height, int64_t stride = 0) noexcept {
    vit_image image = vit_image();
    image.format = format;
    image.planes[0] = pixels;
    image.strides[0] = stride;
    image.width = width;
    image.height = height;
    return image;
}
inline vit_image rgb(const void *pixels, int32_t width, int32_t height, int64_t stride = 0) noexcept {
    return picture(VIT_PIXELS_RGB8, pixels, width, height, stride);
}
inline vit_image bgra(const void *pixels, int32_t width, int32_t height, int64_t stride = 0) noexcept {
    return picture(VIT_PIXELS_BGRA8, pixels, width, height, stride);
}
inline vit_image rgba(const void *pixels, int32_t width, int32_t height, int64_t stride = 0) noexcept {
    return picture(VIT_PIXELS_RGBA8, pixels, width, height, stride);
}
inline vit_image gray(const void *pixels, int32_t width, int32_t height, int64_t stride = 0) noexcept {
    return picture(VIT_PIXELS_GRAY8, pixels, width, height, stride);
}
/* Already preprocessed: [C, height, width] floats. */
inline vit_image planes(const float *values, int32_t width, int32_t height) noexcept {
    return picture(VIT_PIXELS_F32, values, width, height);
}

/* ---- options --------------------------------------------------------------------------------------------------------------- */

class Options {
public:
    Options() : handle_(vit_options_create()) {
        if (!handle_) detail::check(VIT_ERROR_MEMORY, nullptr);
    }
    ~Options() { vit_options_free(handle_); }
    Options(Options &&other) noexcept : handle_(other.handle_) { other.handle_ = nullptr; }
    Options &operator=(Options &&other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    Options(const Options &) = delete;
    Options &operator=(const Options &) = delete;

    int32_t set(int32_t key, int64_t value) { return detail::check(vit_options_set_int(handle_, key, value), nullptr); }
    int32_t set_real(int32_t key, double value) { return detail::check(vit_options_set_real(handle_, key, value), nullptr); }
    /* Not copied: the text must outlive the load. */
    int32_t set_text(int32_t key, const char *text) { return detail::check(vit_options_set_text(handle_, key, text), nullptr); }
    int32_t set_vector(int32_t key, const std::vector<float> &values) {
        return detail::check(vit_options_set_vector(handle_, key, values.data(), static_cast<int32_t>(values.size())), nullptr);
    }
    Options &threads(int32_t count) { return set(VIT_OPT_THREADS, count), *this; }
    Options &max_batch(int32_t count) { return set(VIT_OPT_MAX_BATCH, count), *this; }
    Options &precision(int32_t precision) { return set(VIT_OPT_PRECISION, precision), *this; }
    Options &normalize(bool on) { return set(VIT_OPT_NORMALIZE, on), *this; }

    vit_options *get() noexcept { return handle_; }
    const vit_options *get() const noexcept { return handle_; }

private:
    vit_options *handle_;
};

/* ---- the model ------------------------------------------------------------------------------------------------------------- */

struct Class {
    int32_t index;
    float probability;
    std::string label; /* "" when the model has none */
};

/* A view into the context, valid until its next call. */
struct View {
    const float *data;
    std::vector<int64_t> shape;
};

class Context {
public:
    Context() noexcept : handle_(nullptr), status_(VIT_ERROR_STATE) {}
    explicit Context(const std::string &path) : Context() { load(path.c_str(), nullptr); }
    Context(const std::string &path, const Options &options) : Context() { load(path.c_str(), options.get()); }
    ~Context() { vit_free(handle_); }
    Context(Context &&other) noexcept : handle_(other.handle_), status_(other.status_), why_(std::move(other.why_)) {
        other.handle_ = nullptr;
    }
    Context &operator=(Context &&other) noexcept {
        std::swap(handle_, other.handle_);
        std::swap(status_, other.status_);
        why_.swap(other.why_);
        return *this;
    }
    Context(const Context &) = delete;
    Context &operator=(const Context &) = delete;

    static Context from_memory(const void *data, size_t size, const Options &options = Options()) {
        Context made;
        char why[error_size] = "";
        vit_context *handle = nullptr;
        const int32_t status = vit_load_memory(&handle, data, size, options.get(), why, sizeof why);
        made.take(status, handle, why);
        return made;
    }
    static Context from_reader(vit_read_fn read, void *user, uint64_t size, const Options &options = Options()) {
        Context made;
        char why[error_size] = "";
        vit_context *handle = nullptr;
        const int32_t status = vit_load_reader(&handle, read, user, size, options.get(), why, sizeof why);
        made.take(status, handle, why);
        return made;
    }
    /* The same weights, its own activations, for another thread. */
    Context clone() { return clone(nullptr); }
    Context clone(const Options &options) { return clone(options.get()); }

    explicit operator bool() const noexcept { return handle_ != nullptr; }
    int32_t status() const noexcept { return status_; } /* of the load or of the last call that could fail */
    std::string message() const { return handle_ ? vit_message(handle_) : why_.c_str(); }
    vit_context *get() noexcept { return handle_; }
    const vit_context *get() const noexcept { return handle_; }

    int32_t forward(const vit_image *images, int32_t batch, float *out, size_t count) {
        return call(vit_forward(handle_, images, batch, out, count));
    }
    int32_t preprocess(const vit_image &image, float *out, size_t count) {
        return call(vit_preprocess(handle_, &image, out, count));
    }
    int32_t request(int32_t output, int32_t index = 0) { return call(vit_request(handle_, output, index)); }
    int32_t set_input_size(int32_t width, int32_t height) { return call(vit_set_input_size(handle_, width, height)); }
    int32_t save(const std::string &path) { return call(vit_save(handle_, path.c_str(), nullptr, 0)); }

    /* [B * K], of a model without head [B * D]. */
    std::vector<float> logits(const std::vector<vit_image> &images) {
        const size_t outputs = static_cast<size_t>(info(VIT_INFO_OUTPUTS));
        std::vector<float> out(images.size() * outputs);
        if (forward(images.data(), static_cast<int32_t>(images.size()), out.data(), out.size()) < 0) out.clear();
        return out;
    }
    std::vector<float> logits(const vit_image &image) { return logits(std::vector<vit_image>(1, image)); }

    /* Pooled embedding of one picture, [D]. */
    std::vector<float> embed(const vit_image &image) {
        if (forward(&image, 1, nullptr, 0) < 0) return std::vector<float>();
        const View view = output(VIT_OUTPUT_EMBEDDING);
        return view.data ? std::vector<float>(view.data, view.data + view.shape.back()) : std::vector<float>();
    }

    /* Embeddings of texts by the text tower, [N * E]. */
    std::vector<float> embed_texts(const std::vector<std::string> &texts) {
        std::vector<const char *> names;
        for (const std::string &t : texts) names.push_back(t.c_str());
        std::vector<float> out(texts.size() * static_cast<size_t>(info(VIT_INFO_EMBEDDING)));
        if (call(vit_text(handle_, names.data(), static_cast<int32_t>(names.size()), out.data(), out.size())) < 0) out.clear();
        return out;
    }

    /* How well each text describes the picture, in their order; see vit_zeroshot. */
    std::vector<float> zeroshot(const vit_image &image, const std::vector<std::string> &texts) {
        std::vector<float> rows = embed_texts(texts), scores(texts.size());
        if (rows.empty()) return std::vector<float>();
        const std::vector<float> picture = embed(image);
        const int32_t count = static_cast<int32_t>(texts.size());
        if (picture.empty()) return std::vector<float>();
        if (call(vit_zeroshot(handle_, picture.data(), 1, rows.data(), count, scores.data(), scores.size())) < 0) scores.clear();
        return scores;
    }

    /* The `top` most probable classes of one picture, best first. */
    std::vector<Class> classify(const vit_image &image, int32_t top = 5) {
        std::vector<Class> best;
        const int32_t classes = static_cast<int32_t>(info(VIT_INFO_CLASSES));
        if (classes == 0 || top < 1) {
            call(classes == 0 ? VIT_ERROR_UNSUPPORTED : VIT_ERROR_ARGUMENT);
            return best;
        }
        std::vector<float> values = logits(image);
        if (values.empty()) return best;
        std::vector<int32_t> order(static_cast<size_t>(top < classes ? top : classes));
        call(vit_softmax(values.data(), classes, values.data()));
        call(vit_top(values.data(), classes, static_cast<int32_t>(order.size()), order.data()));
        for (size_t i = 0; i < order.size(); i++) {
            const Class found = {order[i], values[static_cast<size_t>(order[i])], vit_label(handle_, order[i])};
            best.push_back(found);
        }
        return best;
    }

    /* What was requested, after a forward. data is NULL when that failed. */
    View output(int32_t output, int32_t index = 0) {
        View view = {nullptr, std::vector<int64_t>()};
        int64_t shape[4];
        int32_t rank = 0;
        if (call(vit_output(handle_, output, index, &view.data, shape, &rank)) == VIT_OK) view.shape.assign(shape, shape + rank);
        return view;
    }

    /* VIT_INFO_*; 0 for an unknown key. */
    int64_t info(int32_t key) const {
        int64_t value = 0;
        detail::check(vit_info_int(handle_, key, &value), nullptr);
        return value;
    }
    std::string text(int32_t key) const { return vit_info_text(handle_, key); } /* VIT_TEXT_* */
    std::string label(int32_t index) const { return vit_label(handle_, index); }

private:
    enum { error_size = 512 };

    void load(const char *path, const vit_options *options) {
        char why[error_size] = "";
        vit_context *handle = nullptr;
        const int32_t status = vit_load(&handle, path, options, why, sizeof why);
        take(status, handle, why);
    }
    Context clone(const vit_options *options) {
        Context made;
        char why[error_size] = "";
        vit_context *handle = nullptr;
        const int32_t status = vit_clone(&handle, handle_, options, why, sizeof why);
        made.take(status, handle, why);
        return made;
    }
    void take(int32_t status, vit_context *handle, const char *why) {
        status_ = status;
        why_ = why;
        handle_ = handle;
        detail::check(status, why);
    }
    int32_t call(int32_t status) {
        status_ = status;
        return detail::check(status, handle_ ? vit_message(handle_) : "");
    }

    vit_context *handle_;
    int32_t status_;
    std::string why_;
};

} // namespace vit

#endif
