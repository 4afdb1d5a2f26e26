/* unicode_tables.h: what make_unicode.py writes; unicode.c, compose.c and entity.c read it. */
#ifndef VI_TEXT_UNICODE_TABLES_H
#define VI_TEXT_UNICODE_TABLES_H

#include <stdint.h>

/* Properties (VI_CHAR_*): of ASCII one by one; their kinds, and runs of one kind, packed (make_unicode.py says how); of every
 * 16th run its first character and its place. */
extern const uint8_t vi_class_ascii[128], vi_class_kinds[16], vi_class_runs[];
extern const uint32_t vi_class_starts[152];
extern const uint16_t vi_class_places[152];

/* Canonical combining classes: per plane its first run; where runs start, and their values. */
extern const uint16_t vi_order_planes[18], vi_order_starts[];
extern const uint8_t vi_order_values[];

/* Lower case, by first character: first character, how many << 1 | 1 when every other one, what to add. */
extern const int32_t vi_lower_runs[546];

/* Canonical decompositions: character, its two parts (the second 0: it is one character); pairs: the indices of those that
 * compose again, by their parts. far: beyond 16 bits, the fourth number says whether it composes. ideographs: 512 of U+F900 and
 * 542 of U+2F800 onwards, 0: itself; beyond: a bit for each that is in plane 2. */
extern const uint16_t vi_compose_near[3099], vi_compose_pairs[928], vi_compose_ideographs[1054];
extern const uint32_t vi_compose_far[104];
extern const uint8_t vi_compose_beyond[132];

extern const uint16_t vi_width_forms[144]; /* of U+FF5F to U+FFEE: their usual width */

/* Names by first letter 'A'..'z' + 1: where in the names; entity.c says how they are written. */
extern const uint16_t vi_entity_starts[59];
extern const uint8_t vi_entity_names[];
extern const uint16_t vi_entity_uppers[]; /* rows of a character and its upper case, up to 3; ends with 0 */

#endif
