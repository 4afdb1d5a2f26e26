/* crc32.c: see crc32.h. A byte is looked up by its halves: two small tables instead of a large one. */
#include "base/crc32.h"

uint32_t vi_crc32(uint32_t crc, const void *data, size_t n) {
    static const uint32_t low[16] = {
        0x00000000, 0x77073096, 0xEE0E612C, 0x990951BA, 0x076DC419, 0x706AF48F, 0xE963A535, 0x9E6495A3,
        0x0EDB8832, 0x79DCB8A4, 0xE0D5E91E, 0x97D2D988, 0x09B64C2B, 0x7EB17CBD, 0xE7B82D07, 0x90BF1D91,
    };
    static const uint32_t high[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
        0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
    };
    const unsigned char *p = data;
    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        uint32_t byte = (crc ^ p[i]) & 255;
        crc = low[byte & 15] ^ high[byte >> 4] ^ crc >> 8;
    }
    return ~crc;
}
