#include "ServiceNotice.h"
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

bool causeway_notify(const char *path, const char *state) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if ((path[0] != '/' && path[0] != '@') || length < 2 || length >= sizeof address.sun_path) return false;
    memcpy(address.sun_path, path, length);
    // The name of an abstract socket begins with a zero byte and ends where the address does (unix(7)).
    if (path[0] == '@') address.sun_path[0] = 0;
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return false;
    size_t size = strlen(state);
    socklen_t end = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    ssize_t sent = sendto(descriptor, state, size, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&address, end);
    close(descriptor);
    return sent == (ssize_t)size;
}
