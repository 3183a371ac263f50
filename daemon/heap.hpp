// What the process asks of the C library's allocator: to be small rather than fast with many threads.
#pragma once

namespace healthd {

/// To be called before the first thread begins.
void keep_heap_small();

/// Gives free pages back to the system, after work that needed many. Meanwhile other threads may wait for
/// memory, so not for what is done often.
void give_back_free_memory();

}  // namespace healthd
