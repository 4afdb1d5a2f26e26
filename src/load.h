/* load.h: from an open reader to packed weights. */
#ifndef VI_LOAD_H
#define VI_LOAD_H

#include "base/reader.h"
#include "model/context.h"
#include "options.h"

/* Loads the model that `reader` holds; takes the reader over, also on failure. path: where config files lie beside the model, or
 * NULL. The model starts with one reference. Notes about guesses go to the options' log. */
int32_t vi_load_model(vi_model **out, vi_reader *reader, const char *path, const vit_options *o, vi_error *e);

#endif
