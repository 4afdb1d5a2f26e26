/* torch_parts.h: between torch_tensor.c and torch_walk.c. */
#ifndef VI_FORMAT_TORCH_PARTS_H
#define VI_FORMAT_TORCH_PARTS_H

#include "format/torch.h"

bool vi_torch_is_tensor(const vi_pickle *p, const vi_pickle_value *v);
/* v is a tensor; name: for messages. */
int32_t vi_torch_tensor_read(const vi_pickle *p, const vi_pickle_value *v, const char *name, size_t length, vi_torch_tensor *t,
                             vi_error *e);

#endif
