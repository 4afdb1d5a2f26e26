/* crc32.h: the CRC-32 of IEEE 802.3, PNG and zip (polynomial 0x04C11DB7, reflected). Finds every
 * error of up to 32 bits in a row. */
#ifndef VI_BASE_CRC32_H
#define VI_BASE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Of what `crc` covers (0 for nothing) followed by data[0..n). */
uint32_t vi_crc32(uint32_t crc, const void *data, size_t n);

#endif
