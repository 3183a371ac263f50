#include "daemon/heap.hpp"

#include <malloc.h>

namespace healthd {

void keep_heap_small() {
#ifdef __GLIBC__
  // By default each of our threads gets an arena of its own, and what one frees the others cannot use.
  // Together they allocate far too little to wait for each other.
  ::mallopt(M_ARENA_MAX, 1);
  // The customary values, but fixed: left alone, the first large block that is freed raises both, and up to
  // twice its size stays with us from then on.
  constexpr int customary = 128 * 1024;
  ::mallopt(M_MMAP_THRESHOLD, customary);
  ::mallopt(M_TRIM_THRESHOLD, customary);
#endif
}

void give_back_free_memory() {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

}  // namespace healthd
