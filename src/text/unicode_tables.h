/* unicode_tables.h: what make_unicode.py writes; unicode.c, compose.c and entity.c read it. */
#ifndef VI_TEXT_UNICODE_TABLES_H
#define VI_TEXT_UNICODE_TABLES_H

#include <stdint.h>

/* Properties (VI_CHAR_*) and canonical combining classes: per plane its first run; where runs start, and their values. */
extern const uint16_t vi_class_planes[18], vi_class_starts[];
extern const uint8_t vi_class_values[];
extern const uint16_t vi_order_planes[18], vi_order_starts[];
extern const uint8_t vi_order_values[];

/* Lower case, by first character: first character, how many << 1 | 1 when every other one, what to add. */
extern const int32_t vi_lower_runs[546];

/* Canonical decompositions: character, its two parts (the second 0: it is one character); pairs: the indices of those that
 * compose again, by their parts. far: beyond 16 bits, the fourth number says whether it composes. wide: of U+2F800 onwards. */
extern const uint16_t vi_compose_near[4458], vi_compose_pairs[928];
extern const uint32_t vi_compose_far[132], vi_compose_wide[542];

extern const uint16_t vi_width_forms[144]; /* of U+FF5F to U+FFEE: their usual width */

/* Names by first letter 'A'..'z' + 1: where in the names; entity.c says how they are written. */
extern const uint16_t vi_entity_starts[59];
extern const uint8_t vi_entity_names[];
extern const uint16_t vi_entity_uppers[]; /* rows of a character and its upper case, up to 3; ends with 0 */

#endif
