/// Word to the service manager, as `sd_notify(3)` sends it.
#pragma once
#include <stdbool.h>

/// Sends `state` in one datagram to the Unix socket `path`, at once or not at all; `@` in front marks an abstract name.
bool causeway_notify(const char *path, const char *state);
