/* timm_arch.c: written by make_timm_arch.py, do not edit. What neither the tensors nor a config.json of timm say: heads,
 * activation, epsilon, pooling and position layout by architecture, and its most usual preprocessing. Sorted by name. */
#include "family/timm_arch.h"

#include <string.h>

#define LONGEST 40 /* of the names */

static const vi_timm_arch kinds[] = {
    /* 0 */ {16, VIT_ACT_SILU, 0, VI_STATS_CLIP, 1000, VI_ARCH_EPS5 | VI_ARCH_MEAN},
    /* 1 */ {24, VIT_ACT_SILU, 0, VI_STATS_CLIP, 1000, VI_ARCH_EPS5 | VI_ARCH_MEAN},
    /* 2 */ {12, VIT_ACT_SILU, 0, VI_STATS_CLIP, 1000, VI_ARCH_EPS5 | VI_ARCH_MEAN},
    /* 3 */ {8, VIT_ACT_SILU, 0, VI_STATS_CLIP, 1000, VI_ARCH_EPS5 | VI_ARCH_MEAN},
    /* 4 */ {12, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 1000, VI_ARCH_EPS5 | VI_ARCH_MEAN},
    /* 5 */ {16, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 1000, VI_ARCH_EPS5 | VI_ARCH_MEAN},
    /* 6 */ {12, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 900, VI_ARCH_BARE},
    /* 7 */ {12, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 1000, VI_ARCH_BARE},
    /* 8 */ {16, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 900, VI_ARCH_BARE},
    /* 9 */ {16, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 1000, VI_ARCH_BARE},
    /* 10 */ {8, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 900, VI_ARCH_BARE},
    /* 11 */ {6, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 900, VI_ARCH_BARE},
    /* 12 */ {6, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 1000, VI_ARCH_BARE},
    /* 13 */ {12, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 900, 0},
    /* 14 */ {12, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 1000, 0},
    /* 15 */ {6, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 900, 0},
    /* 16 */ {3, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 900, 0},
    /* 17 */ {12, VIT_ACT_SILU, 16, VI_STATS_CLIP, 900, VI_ARCH_MEAN | VI_ARCH_PAIRS},
    /* 18 */ {12, VIT_ACT_SILU, 16, VI_STATS_CLIP, 1000, VI_ARCH_MEAN | VI_ARCH_SQUASH | VI_ARCH_PAIRS},
    /* 19 */ {12, VIT_ACT_SILU, 16, VI_STATS_CLIP, 900, VI_ARCH_PAIRS},
    /* 20 */ {16, VIT_ACT_GELU, 0, VI_STATS_CLIP, 900, VI_ARCH_POST},
    /* 21 */ {16, VIT_ACT_SILU, 16, VI_STATS_CLIP, 900, VI_ARCH_MEAN | VI_ARCH_PAIRS},
    /* 22 */ {16, VIT_ACT_SILU, 16, VI_STATS_CLIP, 1000, VI_ARCH_MEAN | VI_ARCH_SQUASH | VI_ARCH_PAIRS},
    /* 23 */ {16, VIT_ACT_SILU, 16, VI_STATS_CLIP, 900, VI_ARCH_PAIRS},
    /* 24 */ {16, VIT_ACT_SILU, 16, VI_STATS_CLIP, 1000, VI_ARCH_PAIRS},
    /* 25 */ {6, VIT_ACT_SILU, 16, VI_STATS_CLIP, 900, VI_ARCH_MEAN | VI_ARCH_PAIRS},
    /* 26 */ {6, VIT_ACT_SILU, 16, VI_STATS_CLIP, 1000, VI_ARCH_MEAN | VI_ARCH_PAIRS},
    /* 27 */ {3, VIT_ACT_SILU, 16, VI_STATS_CLIP, 900, VI_ARCH_MEAN | VI_ARCH_PAIRS},
    /* 28 */ {3, VIT_ACT_SILU, 16, VI_STATS_CLIP, 1000, VI_ARCH_MEAN | VI_ARCH_PAIRS},
    /* 29 */ {16, VIT_ACT_GELU, 0, VI_STATS_CLIP, 900, VI_ARCH_MEAN},
    /* 30 */ {16, VIT_ACT_GELU, 0, VI_STATS_CLIP, 1000, VI_ARCH_MEAN | VI_ARCH_SQUASH},
    /* 31 */ {16, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 1000, VI_ARCH_MEAN | VI_ARCH_SQUASH},
    /* 32 */ {16, VIT_ACT_GELU, 0, VI_STATS_CLIP, 900, 0},
    /* 33 */ {16, VIT_ACT_GELU, 0, VI_STATS_CLIP, 1000, VI_ARCH_MEAN},
    /* 34 */ {12, VIT_ACT_GELU, 0, VI_STATS_HALF, 950, VI_ARCH_BARE | VI_ARCH_BILINEAR_POSITIONS},
    /* 35 */ {16, VIT_ACT_GELU, 0, VI_STATS_HALF, 950, VI_ARCH_BARE | VI_ARCH_BILINEAR_POSITIONS},
    /* 36 */ {6, VIT_ACT_GELU, 0, VI_STATS_HALF, 950, VI_ARCH_BARE | VI_ARCH_BILINEAR_POSITIONS},
    /* 37 */ {2, VIT_ACT_GELU, 0, VI_STATS_HALF, 950, 0},
    /* 38 */ {2, VIT_ACT_GELU, 0, VI_STATS_HALF, 950, VI_ARCH_MEAN},
    /* 39 */ {3, VIT_ACT_GELU, 0, VI_STATS_HALF, 950, VI_ARCH_POOL_PREFIX},
    /* 40 */ {3, VIT_ACT_GELU, 0, VI_STATS_HALF, 950, VI_ARCH_MEAN},
    /* 41 */ {32, VIT_ACT_SILU, 0, VI_STATS_IMAGENET, 1000, VI_ARCH_EPS5 | VI_ARCH_MEAN | VI_ARCH_HALVES},
    /* 42 */ {12, VIT_ACT_GELU, 0, VI_STATS_UNIT, 1000, VI_ARCH_BARE},
    /* 43 */ {12, VIT_ACT_GELU, 0, VI_STATS_HALF, 900, 0},
    /* 44 */ {12, VIT_ACT_GELU, 0, VI_STATS_UNIT, 875, VI_ARCH_BILINEAR},
    /* 45 */ {12, VIT_ACT_GELU, 0, VI_STATS_HALF, 1000, 0},
    /* 46 */ {12, VIT_ACT_GELU, 0, VI_STATS_CLIP, 1000, VI_ARCH_EPS5},
    /* 47 */ {12, VIT_ACT_GELU, 0, VI_STATS_CLIP, 1000, VI_ARCH_EPS5 | VI_ARCH_SQUASH},
    /* 48 */ {12, VIT_ACT_QUICK_GELU, 0, VI_STATS_CLIP, 1000, VI_ARCH_EPS5},
    /* 49 */ {12, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 1000, VI_ARCH_EPS5 | VI_ARCH_MEAN | VI_ARCH_HALVES},
    /* 50 */ {16, VIT_ACT_GELU, 0, VI_STATS_HALF, 900, VI_ARCH_MEAN},
    /* 51 */ {12, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 1000, VI_ARCH_EPS5 | VI_ARCH_SQUASH | VI_ARCH_BILINEAR | VI_ARCH_HALVES},
    /* 52 */ {14, VIT_ACT_GELU, 0, VI_STATS_HALF, 950, 0},
    /* 53 */ {14, VIT_ACT_GELU, 0, VI_STATS_CLIP, 1000, VI_ARCH_EPS5},
    /* 54 */ {12, VIT_ACT_GELU, 0, VI_STATS_CLIP, 1000, VI_ARCH_BARE},
    /* 55 */ {12, VIT_ACT_GELU, 0, VI_STATS_HALF, 900, VI_ARCH_MEAN | VI_ARCH_BARE},
    /* 56 */ {12, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 900, VI_ARCH_PAIRS | VI_ARCH_COLUMNS | VI_ARCH_THETA_100},
    /* 57 */ {12, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 900, VI_ARCH_BARE | VI_ARCH_PAIRS | VI_ARCH_COLUMNS | VI_ARCH_THETA_100},
    /* 58 */ {12, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 900, VI_ARCH_MIXED | VI_ARCH_COLUMNS},
    /* 59 */ {12, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 900, VI_ARCH_BARE | VI_ARCH_MIXED | VI_ARCH_COLUMNS},
    /* 60 */ {12, VIT_ACT_GELU, 16, VI_STATS_HALF, 950, VI_ARCH_MEAN | VI_ARCH_PAIRS},
    /* 61 */ {12, VIT_ACT_GELU, 0, VI_STATS_HALF, 900, VI_ARCH_MEAN | VI_ARCH_POST},
    /* 62 */ {12, VIT_ACT_GELU, 0, VI_STATS_HALF, 900, VI_ARCH_MEAN},
    /* 63 */ {12, VIT_ACT_GELU, 0, VI_STATS_HALF, 900, VI_ARCH_BARE},
    /* 64 */ {12, VIT_ACT_GELU, 0, VI_STATS_CLIP, 900, VI_ARCH_EPS5},
    /* 65 */ {12, VIT_ACT_QUICK_GELU, 0, VI_STATS_CLIP, 900, VI_ARCH_EPS5},
    /* 66 */ {12, VIT_ACT_GELU_TANH, 0, VI_STATS_HALF, 900, 0},
    /* 67 */ {12, VIT_ACT_GELU_TANH, 0, VI_STATS_HALF, 900, VI_ARCH_MEAN},
    /* 68 */ {10, VIT_ACT_GELU, 0, VI_STATS_HALF, 950, VI_ARCH_MEAN},
    /* 69 */ {10, VIT_ACT_GELU, 0, VI_STATS_HALF, 950, VI_ARCH_MEAN | VI_ARCH_BARE},
    /* 70 */ {10, VIT_ACT_GELU, 0, VI_STATS_HALF, 1000, VI_ARCH_MEAN | VI_ARCH_BARE},
    /* 71 */ {10, VIT_ACT_GELU, 16, VI_STATS_CLIP, 950, VI_ARCH_MEAN | VI_ARCH_PAIRS},
    /* 72 */ {10, VIT_ACT_GELU, 0, VI_STATS_CLIP, 900, VI_ARCH_EPS5},
    /* 73 */ {16, VIT_ACT_GELU, 0, VI_STATS_HALF, 900, 0},
    /* 74 */ {16, VIT_ACT_GELU, 0, VI_STATS_CLIP, 1000, VI_ARCH_EPS5},
    /* 75 */ {24, VIT_ACT_SILU, 0, VI_STATS_IMAGENET, 1000, 0},
    /* 76 */ {24, VIT_ACT_SILU, 0, VI_STATS_UNIT, 1000, VI_ARCH_BARE},
    /* 77 */ {24, VIT_ACT_SILU, 0, VI_STATS_IMAGENET, 1000, VI_ARCH_BARE},
    /* 78 */ {16, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 900, VI_ARCH_MEAN},
    /* 79 */ {24, VIT_ACT_SILU, 0, VI_STATS_IMAGENET, 1000, VI_ARCH_EPS5 | VI_ARCH_SQUASH | VI_ARCH_BILINEAR | VI_ARCH_HALVES},
    /* 80 */ {24, VIT_ACT_GELU, 0, VI_STATS_CLIP, 1000, VI_ARCH_BARE},
    /* 81 */ {16, VIT_ACT_GELU_TANH, 0, VI_STATS_HALF, 900, 0},
    /* 82 */ {16, VIT_ACT_GELU_TANH, 0, VI_STATS_HALF, 900, VI_ARCH_MEAN},
    /* 83 */ {16, VIT_ACT_GELU, 0, VI_STATS_CLIP, 1000, VI_ARCH_EPS5 | VI_ARCH_SQUASH},
    /* 84 */ {16, VIT_ACT_QUICK_GELU, 0, VI_STATS_CLIP, 1000, VI_ARCH_EPS5},
    /* 85 */ {16, VIT_ACT_GELU, 0, VI_STATS_HALF, 900, VI_ARCH_BARE},
    /* 86 */ {16, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 1000, VI_ARCH_MEAN},
    /* 87 */ {16, VIT_ACT_GELU, 0, VI_STATS_CLIP, 1000, VI_ARCH_BARE},
    /* 88 */ {20, VIT_ACT_SILU, 0, VI_STATS_IMAGENET, 1000, VI_ARCH_EPS5 | VI_ARCH_MEAN | VI_ARCH_HALVES},
    /* 89 */ {16, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 1000, 0},
    /* 90 */ {16, VIT_ACT_GELU, 0, VI_STATS_HALF, 1000, VI_ARCH_EPS5 | VI_ARCH_SQUASH},
    /* 91 */ {16, VIT_ACT_GELU, 0, VI_STATS_UNIT, 1000, VI_ARCH_BARE},
    /* 92 */ {16, VIT_ACT_GELU, 0, VI_STATS_HALF, 1000, 0},
    /* 93 */ {16, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 1000, VI_ARCH_EPS5 | VI_ARCH_MEAN | VI_ARCH_HALVES},
    /* 94 */ {16, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 1000, VI_ARCH_EPS5 | VI_ARCH_SQUASH | VI_ARCH_BILINEAR | VI_ARCH_HALVES},
    /* 95 */ {16, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 900, VI_ARCH_PAIRS | VI_ARCH_COLUMNS | VI_ARCH_THETA_100},
    /* 96 */ {16, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 900, VI_ARCH_BARE | VI_ARCH_PAIRS | VI_ARCH_COLUMNS | VI_ARCH_THETA_100},
    /* 97 */ {16, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 900, VI_ARCH_MIXED | VI_ARCH_COLUMNS},
    /* 98 */ {16, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 900, VI_ARCH_BARE | VI_ARCH_MIXED | VI_ARCH_COLUMNS},
    /* 99 */ {5, VIT_ACT_GELU, 0, VI_STATS_HALF, 950, VI_ARCH_MEAN | VI_ARCH_BARE},
    /* 100 */ {8, VIT_ACT_GELU, 0, VI_STATS_CLIP, 900, VI_ARCH_EPS5},
    /* 101 */ {8, VIT_ACT_GELU, 0, VI_STATS_HALF, 950, VI_ARCH_MEAN},
    /* 102 */ {8, VIT_ACT_GELU, 0, VI_STATS_HALF, 950, VI_ARCH_MEAN | VI_ARCH_SQUASH},
    /* 103 */ {8, VIT_ACT_GELU, 0, VI_STATS_HALF, 950, VI_ARCH_MEAN | VI_ARCH_BARE},
    /* 104 */ {8, VIT_ACT_GELU, 16, VI_STATS_HALF, 950, VI_ARCH_MEAN | VI_ARCH_PAIRS},
    /* 105 */ {8, VIT_ACT_GELU, 0, VI_STATS_HALF, 1000, VI_ARCH_MEAN | VI_ARCH_BARE},
    /* 106 */ {12, VIT_ACT_GELU, 14, VI_STATS_HALF, 1000, VI_ARCH_EPS5 | VI_ARCH_PAIRS | VI_ARCH_COLUMNS | VI_ARCH_FROM_ONE |
     VI_ARCH_POOL_PREFIX | VI_ARCH_MAP_HEADS_8},
    /* 107 */ {16, VIT_ACT_GELU, 32, VI_STATS_HALF, 1000, VI_ARCH_EPS5 | VI_ARCH_PAIRS | VI_ARCH_COLUMNS | VI_ARCH_POOL_PREFIX |
     VI_ARCH_MAP_HEADS_8},
    /* 108 */ {16, VIT_ACT_GELU, 24, VI_STATS_HALF, 1000, VI_ARCH_EPS5 | VI_ARCH_PAIRS | VI_ARCH_COLUMNS | VI_ARCH_FROM_ONE |
     VI_ARCH_POOL_PREFIX | VI_ARCH_MAP_HEADS_8},
    /* 109 */ {6, VIT_ACT_GELU, 24, VI_STATS_HALF, 1000, VI_ARCH_EPS5 | VI_ARCH_PAIRS | VI_ARCH_COLUMNS | VI_ARCH_FROM_ONE |
     VI_ARCH_POOL_PREFIX | VI_ARCH_MAP_HEADS_8},
    /* 110 */ {3, VIT_ACT_GELU, 24, VI_STATS_HALF, 1000, VI_ARCH_EPS5 | VI_ARCH_PAIRS | VI_ARCH_COLUMNS | VI_ARCH_FROM_ONE |
     VI_ARCH_POOL_PREFIX | VI_ARCH_MAP_HEADS_8},
    /* 111 */ {16, VIT_ACT_GELU, 32, VI_STATS_HALF, 1000, VI_ARCH_EPS5 | VI_ARCH_MEAN | VI_ARCH_PAIRS | VI_ARCH_COLUMNS},
    /* 112 */ {16, VIT_ACT_GELU, 32, VI_STATS_HALF, 1000, VI_ARCH_EPS5 | VI_ARCH_MEAN | VI_ARCH_PAIRS | VI_ARCH_COLUMNS |
     VI_ARCH_FROM_ONE},
    /* 113 */ {12, VIT_ACT_GELU, 32, VI_STATS_HALF, 1000, VI_ARCH_EPS5 | VI_ARCH_MEAN | VI_ARCH_PAIRS | VI_ARCH_COLUMNS |
     VI_ARCH_FROM_ONE},
    /* 114 */ {6, VIT_ACT_GELU, 32, VI_STATS_HALF, 1000, VI_ARCH_EPS5 | VI_ARCH_MEAN | VI_ARCH_PAIRS | VI_ARCH_COLUMNS |
     VI_ARCH_FROM_ONE},
    /* 115 */ {3, VIT_ACT_GELU, 32, VI_STATS_HALF, 1000, VI_ARCH_EPS5 | VI_ARCH_MEAN | VI_ARCH_PAIRS | VI_ARCH_COLUMNS |
     VI_ARCH_FROM_ONE},
    /* 116 */ {4, VIT_ACT_GELU, 0, VI_STATS_HALF, 950, VI_ARCH_MEAN | VI_ARCH_BARE},
    /* 117 */ {6, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 1000, 0},
    /* 118 */ {6, VIT_ACT_GELU, 0, VI_STATS_HALF, 900, 0},
    /* 119 */ {6, VIT_ACT_GELU, 0, VI_STATS_HALF, 1000, 0},
    /* 120 */ {6, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 1000, VI_ARCH_EPS5 | VI_ARCH_MEAN | VI_ARCH_HALVES},
    /* 121 */ {6, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 1000, VI_ARCH_EPS5 | VI_ARCH_SQUASH | VI_ARCH_BILINEAR | VI_ARCH_HALVES},
    /* 122 */ {6, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 900, VI_ARCH_PAIRS | VI_ARCH_COLUMNS | VI_ARCH_THETA_100},
    /* 123 */ {6, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 900, VI_ARCH_BARE | VI_ARCH_PAIRS | VI_ARCH_COLUMNS | VI_ARCH_THETA_100},
    /* 124 */ {6, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 900, VI_ARCH_MIXED | VI_ARCH_COLUMNS},
    /* 125 */ {6, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 900, VI_ARCH_BARE | VI_ARCH_MIXED | VI_ARCH_COLUMNS},
    /* 126 */ {6, VIT_ACT_SILU, 0, VI_STATS_IMAGENET, 1000, VI_ARCH_EPS5 | VI_ARCH_MEAN | VI_ARCH_HALVES},
    /* 127 */ {13, VIT_ACT_GELU, 0, VI_STATS_HALF, 1000, VI_ARCH_MEAN},
    /* 128 */ {13, VIT_ACT_GELU, 0, VI_STATS_HALF, 1000, VI_ARCH_MEAN | VI_ARCH_SQUASH},
    /* 129 */ {14, VIT_ACT_GELU, 0, VI_STATS_HALF, 950, VI_ARCH_MEAN},
    /* 130 */ {14, VIT_ACT_GELU, 0, VI_STATS_HALF, 1000, VI_ARCH_MEAN},
    /* 131 */ {14, VIT_ACT_GELU, 0, VI_STATS_HALF, 900, 0},
    /* 132 */ {16, VIT_ACT_GELU, 0, VI_STATS_HALF, 1000, VI_ARCH_MEAN},
    /* 133 */ {3, VIT_ACT_GELU, 0, VI_STATS_HALF, 900, 0},
    /* 134 */ {3, VIT_ACT_GELU, 0, VI_STATS_HALF, 1000, 0},
    /* 135 */ {3, VIT_ACT_GELU, 0, VI_STATS_IMAGENET, 1000, VI_ARCH_EPS5 | VI_ARCH_MEAN | VI_ARCH_HALVES},
    /* 136 */ {4, VIT_ACT_GELU, 0, VI_STATS_CLIP, 900, VI_ARCH_EPS5},
};

/* Each name as: how many bytes it shares with the one before it; its other bytes, the last with its high bit set; its kind. */
static const unsigned char names[] =
    "\000" "aimv2_1b_patch14_22\264\000" /* aimv2_1b_patch14_224 */
    "\021" "33\266\000" /* aimv2_1b_patch14_336 */
    "\021" "44\270\000" /* aimv2_1b_patch14_448 */
    "\006" "3b_patch14_22\264\001" /* aimv2_3b_patch14_224 */
    "\021" "33\266\001" /* aimv2_3b_patch14_336 */
    "\021" "44\270\001" /* aimv2_3b_patch14_448 */
    "\006" "huge_patch14_22\264\002" /* aimv2_huge_patch14_224 */
    "\023" "33\266\002" /* aimv2_huge_patch14_336 */
    "\023" "44\270\002" /* aimv2_huge_patch14_448 */
    "\006" "large_patch14_22\264\003" /* aimv2_large_patch14_224 */
    "\024" "33\266\003" /* aimv2_large_patch14_336 */
    "\024" "44\270\003" /* aimv2_large_patch14_448 */
    "\000" "beit3_base_patch16_22\264\004" /* beit3_base_patch16_224 */
    "\006" "giant_patch14_22\264\005" /* beit3_giant_patch14_224 */
    "\024" "33\266\005" /* beit3_giant_patch14_336 */
    "\006" "large_patch16_22\264\005" /* beit3_large_patch16_224 */
    "\000" "deit3_base_patch16_22\264\006" /* deit3_base_patch16_224 */
    "\023" "38\264\007" /* deit3_base_patch16_384 */
    "\006" "huge_patch14_22\264\010" /* deit3_huge_patch14_224 */
    "\006" "large_patch16_22\264\010" /* deit3_large_patch16_224 */
    "\024" "38\264\011" /* deit3_large_patch16_384 */
    "\006" "medium_patch16_22\264\012" /* deit3_medium_patch16_224 */
    "\006" "small_patch16_22\264\013" /* deit3_small_patch16_224 */
    "\024" "38\264\014" /* deit3_small_patch16_384 */
    "\004" "_base_distilled_patch16_22\264\015" /* deit_base_distilled_patch16_224 */
    "\034" "38\264\016" /* deit_base_distilled_patch16_384 */
    "\012" "patch16_22\264\015" /* deit_base_patch16_224 */
    "\022" "38\264\016" /* deit_base_patch16_384 */
    "\005" "small_distilled_patch16_22\264\017" /* deit_small_distilled_patch16_224 */
    "\013" "patch16_22\264\017" /* deit_small_patch16_224 */
    "\005" "tiny_distilled_patch16_22\264\020" /* deit_tiny_distilled_patch16_224 */
    "\012" "patch16_22\264\020" /* deit_tiny_patch16_224 */
    "\000" "eva02_base_patch14_22\264\021" /* eva02_base_patch14_224 */
    "\023" "44\270\022" /* eva02_base_patch14_448 */
    "\021" "6_clip_22\264\023" /* eva02_base_patch16_clip_224 */
    "\006" "enormous_patch14_clip_22\264\024" /* eva02_enormous_patch14_clip_224 */
    "\006" "large_patch14_22\264\025" /* eva02_large_patch14_224 */
    "\024" "44\270\026" /* eva02_large_patch14_448 */
    "\024" "clip_22\264\027" /* eva02_large_patch14_clip_224 */
    "\031" "33\266\030" /* eva02_large_patch14_clip_336 */
    "\006" "small_patch14_22\264\031" /* eva02_small_patch14_224 */
    "\024" "33\266\032" /* eva02_small_patch14_336 */
    "\006" "tiny_patch14_22\264\033" /* eva02_tiny_patch14_224 */
    "\023" "33\266\034" /* eva02_tiny_patch14_336 */
    "\003" "_giant_patch14_22\264\035" /* eva_giant_patch14_224 */
    "\022" "33\266\036" /* eva_giant_patch14_336 */
    "\022" "56\260\037" /* eva_giant_patch14_560 */
    "\022" "clip_22\264\040" /* eva_giant_patch14_clip_224 */
    "\004" "large_patch14_19\266\041" /* eva_large_patch14_196 */
    "\022" "33\266\036" /* eva_large_patch14_336 */
    "\000" "flexivit_bas\345\042" /* flexivit_base */
    "\011" "larg\345\043" /* flexivit_large */
    "\011" "smal\354\044" /* flexivit_small */
    "\000" "test_vi\364\045" /* test_vit */
    "\010" "\262\046" /* test_vit2 */
    "\010" "\263\047" /* test_vit3 */
    "\010" "\264\050" /* test_vit4 */
    "\000" "vit_7b_patch16_dinov\263\051" /* vit_7b_patch16_dinov3 */
    "\004" "base_patch14_dinov\262\016" /* vit_base_patch14_dinov2 */
    "\021" "reg1_tipsv\262\052" /* vit_base_patch14_reg1_tipsv2 */
    "\024" "4_dinov\262\007" /* vit_base_patch14_reg4_dinov2 */
    "\017" "6_18x2_22\264\053" /* vit_base_patch16_18x2_224 */
    "\021" "22\264\053" /* vit_base_patch16_224 */
    "\024" "_mii\354\054" /* vit_base_patch16_224_miil */
    "\021" "38\264\055" /* vit_base_patch16_384 */
    "\021" "clip_22\264\056" /* vit_base_patch16_clip_224 */
    "\026" "38\264\057" /* vit_base_patch16_clip_384 */
    "\026" "quickgelu_22\264\060" /* vit_base_patch16_clip_quickgelu_224 */
    "\021" "dinov\263\061" /* vit_base_patch16_dinov3 */
    "\027" "_qkv\342\061" /* vit_base_patch16_dinov3_qkvb */
    "\021" "gap_22\264\062" /* vit_base_patch16_gap_224 */
    "\021" "lingbo\364\063" /* vit_base_patch16_lingbot */
    "\021" "plus_24\260\064" /* vit_base_patch16_plus_240 */
    "\026" "clip_24\260\065" /* vit_base_patch16_plus_clip_240 */
    "\021" "radio_v\263\066" /* vit_base_patch16_radio_v3 */
    "\022" "eg4_gap_25\266\067" /* vit_base_patch16_reg4_gap_256 */
    "\022" "ope_22\264\070" /* vit_base_patch16_rope_224 */
    "\026" "ape_22\264\071" /* vit_base_patch16_rope_ape_224 */
    "\026" "mixed_22\264\072" /* vit_base_patch16_rope_mixed_224 */
    "\034" "ape_22\264\073" /* vit_base_patch16_rope_mixed_ape_224 */
    "\026" "reg1_gap_25\266\074" /* vit_base_patch16_rope_reg1_gap_256 */
    "\022" "pn_22\264\075" /* vit_base_patch16_rpn_224 */
    "\021" "siglip_22\264\053" /* vit_base_patch16_siglip_224 */
    "\031" "5\266\053" /* vit_base_patch16_siglip_256 */
    "\030" "38\264\053" /* vit_base_patch16_siglip_384 */
    "\030" "51\262\053" /* vit_base_patch16_siglip_512 */
    "\030" "gap_22\264\076" /* vit_base_patch16_siglip_gap_224 */
    "\035" "5\266\076" /* vit_base_patch16_siglip_gap_256 */
    "\034" "38\264\076" /* vit_base_patch16_siglip_gap_384 */
    "\034" "51\262\076" /* vit_base_patch16_siglip_gap_512 */
    "\021" "xp_22\264\077" /* vit_base_patch16_xp_224 */
    "\016" "32_22\264\053" /* vit_base_patch32_224 */
    "\021" "38\264\055" /* vit_base_patch32_384 */
    "\021" "clip_22\264\100" /* vit_base_patch32_clip_224 */
    "\027" "5\266\056" /* vit_base_patch32_clip_256 */
    "\026" "38\264\056" /* vit_base_patch32_clip_384 */
    "\026" "44\270\056" /* vit_base_patch32_clip_448 */
    "\026" "quickgelu_22\264\101" /* vit_base_patch32_clip_quickgelu_224 */
    "\021" "plus_25\266\064" /* vit_base_patch32_plus_256 */
    "\021" "siglip_25\266\102" /* vit_base_patch32_siglip_256 */
    "\030" "gap_25\266\103" /* vit_base_patch32_siglip_gap_256 */
    "\016" "8_22\264\053" /* vit_base_patch8_224 */
    "\011" "r26_s32_22\264\053" /* vit_base_r26_s32_224 */
    "\012" "50_s16_22\264\053" /* vit_base_r50_s16_224 */
    "\021" "38\264\055" /* vit_base_r50_s16_384 */
    "\005" "etwixt_patch16_gap_25\266\104" /* vit_betwixt_patch16_gap_256 */
    "\024" "reg1_gap_25\266\105" /* vit_betwixt_patch16_reg1_gap_256 */
    "\027" "4_gap_25\266\105" /* vit_betwixt_patch16_reg4_gap_256 */
    "\035" "38\264\106" /* vit_betwixt_patch16_reg4_gap_384 */
    "\025" "ope_reg4_gap_25\266\107" /* vit_betwixt_patch16_rope_reg4_gap_256 */
    "\021" "32_clip_22\264\110" /* vit_betwixt_patch32_clip_224 */
    "\004" "giant_patch14_22\264\111" /* vit_giant_patch14_224 */
    "\022" "clip_22\264\112" /* vit_giant_patch14_clip_224 */
    "\022" "dinov\262\113" /* vit_giant_patch14_dinov2 */
    "\022" "reg1_tipsv\262\114" /* vit_giant_patch14_reg1_tipsv2 */
    "\025" "4_dinov\262\115" /* vit_giant_patch14_reg4_dinov2 */
    "\020" "6_gap_22\264\116" /* vit_giant_patch16_gap_224 */
    "\022" "lingbo\364\117" /* vit_giant_patch16_lingbot */
    "\022" "radio_v\263\120" /* vit_giant_patch16_radio_v3 */
    "\011" "opt_patch16_siglip_25\266\121" /* vit_giantopt_patch16_siglip_256 */
    "\034" "38\264\121" /* vit_giantopt_patch16_siglip_384 */
    "\034" "gap_25\266\122" /* vit_giantopt_patch16_siglip_gap_256 */
    "\040" "38\264\122" /* vit_giantopt_patch16_siglip_gap_384 */
    "\006" "gantic_patch14_22\264\111" /* vit_gigantic_patch14_224 */
    "\025" "clip_22\264\112" /* vit_gigantic_patch14_clip_224 */
    "\032" "37\270\123" /* vit_gigantic_patch14_clip_378 */
    "\032" "quickgelu_22\264\124" /* vit_gigantic_patch14_clip_quickgelu_224 */
    "\004" "huge_patch14_22\264\111" /* vit_huge_patch14_224 */
    "\021" "clip_22\264\112" /* vit_huge_patch14_clip_224 */
    "\026" "33\266\123" /* vit_huge_patch14_clip_336 */
    "\027" "7\270\112" /* vit_huge_patch14_clip_378 */
    "\026" "quickgelu_22\264\124" /* vit_huge_patch14_clip_quickgelu_224 */
    "\040" "37\270\124" /* vit_huge_patch14_clip_quickgelu_378 */
    "\021" "gap_22\264\116" /* vit_huge_patch14_gap_224 */
    "\021" "xp_22\264\125" /* vit_huge_patch14_xp_224 */
    "\017" "6_gap_44\270\126" /* vit_huge_patch16_gap_448 */
    "\021" "radio_v\263\127" /* vit_huge_patch16_radio_v3 */
    "\030" "\264\127" /* vit_huge_patch16_radio_v4 */
    "\012" "lus_patch16_dinov\263\130" /* vit_huge_plus_patch16_dinov3 */
    "\034" "_qkv\342\130" /* vit_huge_plus_patch16_dinov3_qkvb */
    "\004" "intern300m_patch14_44\270\131" /* vit_intern300m_patch14_448 */
    "\004" "large_patch14_22\264\111" /* vit_large_patch14_224 */
    "\022" "clip_22\264\112" /* vit_large_patch14_clip_224 */
    "\027" "33\266\132" /* vit_large_patch14_clip_336 */
    "\027" "quickgelu_22\264\124" /* vit_large_patch14_clip_quickgelu_224 */
    "\041" "33\266\124" /* vit_large_patch14_clip_quickgelu_336 */
    "\022" "dinov\262\131" /* vit_large_patch14_dinov2 */
    "\022" "reg1_tipsv\262\133" /* vit_large_patch14_reg1_tipsv2 */
    "\025" "4_dinov\262\011" /* vit_large_patch14_reg4_dinov2 */
    "\022" "xp_22\264\125" /* vit_large_patch14_xp_224 */
    "\020" "6_22\264\111" /* vit_large_patch16_224 */
    "\022" "38\264\134" /* vit_large_patch16_384 */
    "\022" "dinov\263\135" /* vit_large_patch16_dinov3 */
    "\030" "_qkv\342\135" /* vit_large_patch16_dinov3_qkvb */
    "\022" "lingbo\364\136" /* vit_large_patch16_lingbot */
    "\022" "radio_v\263\127" /* vit_large_patch16_radio_v3 */
    "\023" "ope_22\264\137" /* vit_large_patch16_rope_224 */
    "\027" "ape_22\264\140" /* vit_large_patch16_rope_ape_224 */
    "\027" "mixed_22\264\141" /* vit_large_patch16_rope_mixed_224 */
    "\035" "ape_22\264\142" /* vit_large_patch16_rope_mixed_ape_224 */
    "\022" "siglip_25\266\111" /* vit_large_patch16_siglip_256 */
    "\031" "38\264\111" /* vit_large_patch16_siglip_384 */
    "\031" "51\262\121" /* vit_large_patch16_siglip_512 */
    "\031" "gap_25\266\062" /* vit_large_patch16_siglip_gap_256 */
    "\035" "38\264\062" /* vit_large_patch16_siglip_gap_384 */
    "\035" "51\262\122" /* vit_large_patch16_siglip_gap_512 */
    "\017" "32_22\264\111" /* vit_large_patch32_224 */
    "\022" "38\264\134" /* vit_large_patch32_384 */
    "\012" "r50_s32_22\264\111" /* vit_large_r50_s32_224 */
    "\022" "38\264\134" /* vit_large_r50_s32_384 */
    "\005" "ittle_patch16_reg1_gap_25\266\143" /* vit_little_patch16_reg1_gap_256 */
    "\026" "4_gap_25\266\143" /* vit_little_patch16_reg4_gap_256 */
    "\004" "medium_patch16_clip_22\264\144" /* vit_medium_patch16_clip_224 */
    "\023" "gap_24\260\145" /* vit_medium_patch16_gap_240 */
    "\030" "5\266\145" /* vit_medium_patch16_gap_256 */
    "\027" "38\264\146" /* vit_medium_patch16_gap_384 */
    "\023" "reg1_gap_25\266\147" /* vit_medium_patch16_reg1_gap_256 */
    "\026" "4_gap_25\266\147" /* vit_medium_patch16_reg4_gap_256 */
    "\024" "ope_reg1_gap_25\266\150" /* vit_medium_patch16_rope_reg1_gap_256 */
    "\020" "32_clip_22\264\144" /* vit_medium_patch32_clip_224 */
    "\012" "d_patch16_reg4_gap_25\266\147" /* vit_mediumd_patch16_reg4_gap_256 */
    "\035" "38\264\151" /* vit_mediumd_patch16_reg4_gap_384 */
    "\025" "ope_reg1_gap_25\266\150" /* vit_mediumd_patch16_rope_reg1_gap_256 */
    "\004" "pe_core_base_patch16_22\264\152" /* vit_pe_core_base_patch16_224 */
    "\014" "gigantic_patch14_44\270\153" /* vit_pe_core_gigantic_patch14_448 */
    "\014" "large_patch14_33\266\154" /* vit_pe_core_large_patch14_336 */
    "\014" "small_patch16_38\264\155" /* vit_pe_core_small_patch16_384 */
    "\014" "tiny_patch16_38\264\156" /* vit_pe_core_tiny_patch16_384 */
    "\007" "lang_gigantic_patch14_44\270\157" /* vit_pe_lang_gigantic_patch14_448 */
    "\014" "large_patch14_44\270\160" /* vit_pe_lang_large_patch14_448 */
    "\007" "spatial_base_patch16_51\262\161" /* vit_pe_spatial_base_patch16_512 */
    "\017" "gigantic_patch14_44\270\157" /* vit_pe_spatial_gigantic_patch14_448 */
    "\017" "large_patch14_44\270\160" /* vit_pe_spatial_large_patch14_448 */
    "\017" "small_patch16_51\262\162" /* vit_pe_spatial_small_patch16_512 */
    "\017" "tiny_patch16_51\262\163" /* vit_pe_spatial_tiny_patch16_512 */
    "\005" "wee_patch16_reg1_gap_25\266\164" /* vit_pwee_patch16_reg1_gap_256 */
    "\004" "small_patch14_dinov\262\165" /* vit_small_patch14_dinov2 */
    "\022" "reg4_dinov\262\014" /* vit_small_patch14_reg4_dinov2 */
    "\020" "6_18x2_22\264\166" /* vit_small_patch16_18x2_224 */
    "\022" "22\264\166" /* vit_small_patch16_224 */
    "\022" "36x1_22\264\166" /* vit_small_patch16_36x1_224 */
    "\023" "8\264\167" /* vit_small_patch16_384 */
    "\022" "dinov\263\170" /* vit_small_patch16_dinov3 */
    "\030" "_qkv\342\170" /* vit_small_patch16_dinov3_qkvb */
    "\022" "lingbo\364\171" /* vit_small_patch16_lingbot */
    "\022" "rope_22\264\172" /* vit_small_patch16_rope_224 */
    "\027" "ape_22\264\173" /* vit_small_patch16_rope_ape_224 */
    "\027" "mixed_22\264\174" /* vit_small_patch16_rope_mixed_224 */
    "\035" "ape_22\264\175" /* vit_small_patch16_rope_mixed_ape_224 */
    "\017" "32_22\264\166" /* vit_small_patch32_224 */
    "\022" "38\264\167" /* vit_small_patch32_384 */
    "\017" "8_22\264\017" /* vit_small_patch8_224 */
    "\013" "lus_patch16_dinov\263\176" /* vit_small_plus_patch16_dinov3 */
    "\035" "_qkv\342\176" /* vit_small_plus_patch16_dinov3_qkvb */
    "\012" "r26_s32_22\264\166" /* vit_small_r26_s32_224 */
    "\022" "38\264\167" /* vit_small_r26_s32_384 */
    "\005" "o150m2_patch16_reg1_gap_25\266\177" /* vit_so150m2_patch16_reg1_gap_256 */
    "\035" "38\264\177" /* vit_so150m2_patch16_reg1_gap_384 */
    "\035" "44\270\200" /* vit_so150m2_patch16_reg1_gap_448 */
    "\012" "_patch16_reg4_gap_25\266\201" /* vit_so150m_patch16_reg4_gap_256 */
    "\034" "38\264\202" /* vit_so150m_patch16_reg4_gap_384 */
    "\030" "map_25\266\203" /* vit_so150m_patch16_reg4_map_256 */
    "\006" "400m_patch14_reg1_tipsv\262\133" /* vit_so400m_patch14_reg1_tipsv2 */
    "\023" "siglip_22\264\111" /* vit_so400m_patch14_siglip_224 */
    "\032" "37\270\111" /* vit_so400m_patch14_siglip_378 */
    "\033" "8\264\111" /* vit_so400m_patch14_siglip_384 */
    "\032" "gap_22\264\062" /* vit_so400m_patch14_siglip_gap_224 */
    "\036" "37\270\062" /* vit_so400m_patch14_siglip_gap_378 */
    "\037" "8\264\204" /* vit_so400m_patch14_siglip_gap_384 */
    "\036" "44\270\204" /* vit_so400m_patch14_siglip_gap_448 */
    "\036" "89\266\204" /* vit_so400m_patch14_siglip_gap_896 */
    "\021" "6_radio_v\264\127" /* vit_so400m_patch16_radio_v4 */
    "\023" "siglip_25\266\121" /* vit_so400m_patch16_siglip_256 */
    "\032" "38\264\121" /* vit_so400m_patch16_siglip_384 */
    "\032" "51\262\121" /* vit_so400m_patch16_siglip_512 */
    "\032" "gap_25\266\122" /* vit_so400m_patch16_siglip_gap_256 */
    "\036" "38\264\122" /* vit_so400m_patch16_siglip_gap_384 */
    "\036" "51\262\122" /* vit_so400m_patch16_siglip_gap_512 */
    "\004" "tiny_patch16_22\264\205" /* vit_tiny_patch16_224 */
    "\021" "38\264\206" /* vit_tiny_patch16_384 */
    "\021" "dinov3_qkv\342\207" /* vit_tiny_patch16_dinov3_qkvb */
    "\011" "r_s16_p8_22\264\205" /* vit_tiny_r_s16_p8_224 */
    "\022" "38\264\206" /* vit_tiny_r_s16_p8_384 */
    "\004" "wee_patch16_reg1_gap_25\266\164" /* vit_wee_patch16_reg1_gap_256 */
    "\004" "xsmall_patch16_clip_22\264\210" /* vit_xsmall_patch16_clip_224 */;

const vi_timm_arch *vi_timm_arch_find(const char *name) {
    size_t length = strcspn(name, "."); /* "vit_tiny_patch16_224.augreg_in21k": a tag follows the architecture */
    char known[LONGEST];
    for (const unsigned char *p = names, *end = names + sizeof names - 1; p < end;) {
        size_t n = *p++;
        while (*p < 0x80) known[n++] = (char)*p++;
        known[n++] = (char)(*p++ & 0x7F);
        unsigned kind = *p++;
        if (n == length && memcmp(name, known, n) == 0) return &kinds[kind];
    }
    return NULL;
}
