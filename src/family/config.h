/* config.h: reading fields of config.json and preprocessor_config.json. A field that is absent or null gives the fallback; a
 * field of the wrong type or out of range is an error that names the file, the field and what was expected. Errors are
 * sticky: after the first one every read gives its fallback, and `status` says so once at the end. */
#ifndef VI_FAMILY_CONFIG_H
#define VI_FAMILY_CONFIG_H

#include "base/json.h"
#include "base/status.h"
#include <stdbool.h>
#include <stdint.h>

#define VI_CONFIG_FILE "config.json"
#define VI_PREPROCESSOR_FILE "preprocessor_config.json"

typedef struct vi_config {
    const char *file; /* for messages */
    vi_error *error;
    int32_t status; /* VIT_OK, or the first failure */
} vi_config;

/* A word of a config file and what it means to us. */
typedef struct vi_word {
    char text[20];
    int32_t value;
} vi_word;

/* The member, or NULL when it is absent or null or object is no object. */
const vi_json_value *vi_config_get(const vi_json_value *object, const char *key);

/* The member when it is an object, NULL when absent. */
const vi_json_value *vi_config_object(vi_config *g, const vi_json_value *object, const char *key);

int32_t vi_config_int(vi_config *g, const vi_json_value *object, const char *key, int32_t low, int32_t high, int32_t fallback);
double vi_config_real(vi_config *g, const vi_json_value *object, const char *key, double low, double high, double fallback);
bool vi_config_flag(vi_config *g, const vi_json_value *object, const char *key, bool fallback);
const char *vi_config_text(vi_config *g, const vi_json_value *object, const char *key, const char *fallback);

/* A text that is one of the words; any other one is VIT_ERROR_UNSUPPORTED. */
int32_t vi_config_word(vi_config *g, const vi_json_value *object, const char *key, const vi_word *words, size_t count,
                       int32_t fallback);

/* A side (both alike), [height, width] or {"height": , "width": }. false when absent: height and width stay as they are. */
bool vi_config_size(vi_config *g, const vi_json_value *object, const char *key, int32_t *height, int32_t *width);

/* A list of exactly `count` whole numbers in low..high; false when absent: values stay as they are. */
bool vi_config_ints(vi_config *g, const vi_json_value *object, const char *key, int32_t low, int32_t high, int32_t *values,
                    uint32_t count);

/* Up to `capacity` numbers from a number or a list; how many, 0 when absent. */
int32_t vi_config_reals(vi_config *g, const vi_json_value *object, const char *key, float *values, int32_t capacity);

#endif
