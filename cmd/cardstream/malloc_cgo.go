//go:build cgo && linux

package main

// With cgo the store's memtables and blocks are malloc's, and glibc keeps what was freed: in an arena for each thread that
// ever asked, and by raising the size from which it maps blocks one by one. Either can double what the process takes
// (docs/decisions/0022-memory.md). Without cgo, as in the image, the Go runtime has it all.

// #include <stdlib.h>
// #ifdef __GLIBC__
// #include <malloc.h>
// static void give_back(void) {
// 	mallopt(M_ARENA_MAX, 1);
// 	mallopt(M_MMAP_THRESHOLD, 256 << 10);
// }
// #else
// static void give_back(void) {}
// #endif
import "C"

func init() { C.give_back() }
