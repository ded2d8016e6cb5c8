#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int watch(int epoll, int descriptor, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data.u64 = token};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

int causeway_watch_edges(int epoll, int descriptor, uint64_t token) {
    return watch(epoll, descriptor, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, token);
}

int causeway_watch_input(int epoll, int descriptor, uint64_t token) { return watch(epoll, descriptor, EPOLLIN, token); }

int causeway_unwatch(int epoll, int descriptor) { return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, NULL); }

int causeway_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC); }

void causeway_name_thread(pthread_t thread, const char *name) {
    char shortened[16];
    strncpy(shortened, name, sizeof shortened - 1);
    shortened[sizeof shortened - 1] = 0;
    pthread_setname_np(thread, shortened);
}

// Addresses

static uint64_t read_word(const uint8_t *bytes) {
    uint64_t word = 0;
    for (int index = 0; index < 8; index++) word = word << 8 | bytes[index];
    return word;
}

static void write_word(uint8_t *bytes, uint64_t word) {
    for (int index = 7; index >= 0; index--, word >>= 8) bytes[index] = (uint8_t)word;
}

static void set_ipv6(causeway_endpoint *endpoint, const struct in6_addr *address) {
    endpoint->high = read_word(address->s6_addr);
    endpoint->low = read_word(address->s6_addr + 8);
    endpoint->is_ipv4 = IN6_IS_ADDR_V4MAPPED(address);
    if (endpoint->is_ipv4) endpoint->low &= 0xffffffff;
}

static void set_ipv4(causeway_endpoint *endpoint, const struct in_addr *address) {
    endpoint->high = 0;
    endpoint->low = ntohl(address->s_addr);
    endpoint->is_ipv4 = true;
}

static struct in6_addr mapped(const causeway_endpoint *endpoint) {
    struct in6_addr address;
    write_word(address.s6_addr, endpoint->high);
    write_word(address.s6_addr + 8, endpoint->is_ipv4 ? 0xffff00000000 | endpoint->low : endpoint->low);
    return address;
}

static bool parse(causeway_endpoint *endpoint, const struct sockaddr_storage *storage) {
    memset(endpoint, 0, sizeof *endpoint);
    if (storage->ss_family == AF_INET) {
        const struct sockaddr_in *address = (const struct sockaddr_in *)storage;
        set_ipv4(endpoint, &address->sin_addr);
        endpoint->port = ntohs(address->sin_port);
        return true;
    }
    if (storage->ss_family != AF_INET6) return false;
    const struct sockaddr_in6 *address = (const struct sockaddr_in6 *)storage;
    set_ipv6(endpoint, &address->sin6_addr);
    endpoint->port = ntohs(address->sin6_port);
    endpoint->scope = address->sin6_scope_id;
    return true;
}

static socklen_t print(struct sockaddr_storage *storage, const causeway_endpoint *endpoint, bool socket_is_ipv4) {
    memset(storage, 0, sizeof *storage);
    if (socket_is_ipv4) {
        struct sockaddr_in *address = (struct sockaddr_in *)storage;
        address->sin_family = AF_INET;
        address->sin_addr.s_addr = htonl((uint32_t)endpoint->low);
        address->sin_port = htons(endpoint->port);
        return sizeof *address;
    }
    struct sockaddr_in6 *address = (struct sockaddr_in6 *)storage;
    address->sin6_family = AF_INET6;
    address->sin6_addr = mapped(endpoint);
    address->sin6_port = htons(endpoint->port);
    address->sin6_scope_id = endpoint->scope;
    return sizeof *address;
}

bool causeway_local_endpoint(int descriptor, causeway_endpoint *endpoint) {
    struct sockaddr_storage storage;
    socklen_t length = sizeof storage;
    return getsockname(descriptor, (struct sockaddr *)&storage, &length) == 0 && parse(endpoint, &storage);
}

static int enable(int descriptor, int level, int option) {
    int on = 1;
    return setsockopt(descriptor, level, option, &on, sizeof on);
}

int causeway_bind_udp(const causeway_endpoint *endpoint, bool dual_stack, bool shared) {
    int family = endpoint->is_ipv4 ? AF_INET : AF_INET6;
    int descriptor = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    int only_ipv6 = !dual_stack;
    struct sockaddr_storage storage;
    socklen_t length = print(&storage, endpoint, endpoint->is_ipv4);
    bool ready = !shared || enable(descriptor, SOL_SOCKET, SO_REUSEPORT) == 0;
    if (endpoint->is_ipv4) {
        ready = ready && enable(descriptor, IPPROTO_IP, IP_PKTINFO) == 0;
    } else {
        ready = ready && setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &only_ipv6, sizeof only_ipv6) == 0 &&
                enable(descriptor, IPPROTO_IPV6, IPV6_RECVPKTINFO) == 0;
    }
    ready = ready && bind(descriptor, (struct sockaddr *)&storage, length) == 0;
    if (ready) return descriptor;
    int error = errno;
    close(descriptor);
    return -error;
}

// Datagrams

/// Room for one IP_PKTINFO or IPV6_PKTINFO, aligned as control messages must be.
typedef union {
    struct cmsghdr header;
    uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
} control_buffer;

struct causeway_datagrams {
    uint32_t capacity;
    uint32_t size;
    uint32_t count;
    struct mmsghdr *messages;
    struct iovec *vectors;
    struct sockaddr_storage *names;
    control_buffer *controls;
    causeway_endpoint *remotes;
    causeway_endpoint *locals;
    bool *has_local;
    uint8_t *payloads;
};

causeway_datagrams *causeway_datagrams_make(uint32_t capacity, uint32_t size) {
    causeway_datagrams *made = calloc(1, sizeof *made);
    if (!made) return NULL;
    made->capacity = capacity;
    made->size = size;
    made->messages = calloc(capacity, sizeof *made->messages);
    made->vectors = calloc(capacity, sizeof *made->vectors);
    made->names = calloc(capacity, sizeof *made->names);
    made->controls = calloc(capacity, sizeof *made->controls);
    made->remotes = calloc(capacity, sizeof *made->remotes);
    made->locals = calloc(capacity, sizeof *made->locals);
    made->has_local = calloc(capacity, sizeof *made->has_local);
    made->payloads = calloc(capacity, size);
    if (made->messages && made->vectors && made->names && made->controls && made->remotes && made->locals &&
        made->has_local && made->payloads)
        return made;
    causeway_datagrams_free(made);
    return NULL;
}

void causeway_datagrams_free(causeway_datagrams *datagrams) {
    if (!datagrams) return;
    free(datagrams->messages);
    free(datagrams->vectors);
    free(datagrams->names);
    free(datagrams->controls);
    free(datagrams->remotes);
    free(datagrams->locals);
    free(datagrams->has_local);
    free(datagrams->payloads);
    free(datagrams);
}

static void prepare(causeway_datagrams *datagrams, uint32_t index, uint32_t length) {
    datagrams->vectors[index] = (struct iovec){datagrams->payloads + (size_t)index * datagrams->size, length};
    datagrams->messages[index].msg_hdr = (struct msghdr){
        .msg_name = &datagrams->names[index],
        .msg_namelen = sizeof datagrams->names[index],
        .msg_iov = &datagrams->vectors[index],
        .msg_iovlen = 1,
        .msg_control = &datagrams->controls[index],
        .msg_controllen = sizeof datagrams->controls[index],
    };
}

int causeway_datagrams_receive(causeway_datagrams *datagrams, int descriptor) {
    for (uint32_t index = 0; index < datagrams->capacity; index++) prepare(datagrams, index, datagrams->size);
    int count = recvmmsg(descriptor, datagrams->messages, datagrams->capacity, MSG_DONTWAIT, NULL);
    return count < 0 ? -errno : count;
}

const uint8_t *causeway_datagrams_payload(const causeway_datagrams *datagrams, uint32_t index, uint32_t *length) {
    bool is_cut = datagrams->messages[index].msg_hdr.msg_flags & MSG_TRUNC;
    *length = is_cut ? 0 : datagrams->messages[index].msg_len;
    return datagrams->payloads + (size_t)index * datagrams->size;
}

void causeway_datagrams_addresses(
    const causeway_datagrams *datagrams, uint32_t index, causeway_endpoint *remote, causeway_endpoint *local) {
    struct msghdr *message = &datagrams->messages[index].msg_hdr;
    parse(remote, &datagrams->names[index]);
    memset(local, 0, sizeof *local);
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(header), sizeof info);
            set_ipv4(local, &info.ipi_addr);
        } else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(header), sizeof info);
            set_ipv6(local, &info.ipi6_addr);
            local->scope = info.ipi6_ifindex;
        }
    }
}

uint32_t causeway_datagrams_count(const causeway_datagrams *datagrams) { return datagrams->count; }

uint32_t causeway_datagrams_capacity(const causeway_datagrams *datagrams) { return datagrams->capacity; }

bool causeway_datagrams_append(
    causeway_datagrams *datagrams, const uint8_t *payload, uint32_t length, const causeway_endpoint *remote,
    const causeway_endpoint *local) {
    if (datagrams->count == datagrams->capacity || length > datagrams->size) return false;
    uint32_t index = datagrams->count++;
    memcpy(datagrams->payloads + (size_t)index * datagrams->size, payload, length);
    prepare(datagrams, index, length);
    datagrams->remotes[index] = *remote;
    datagrams->has_local[index] = local != NULL;
    if (local) datagrams->locals[index] = *local;
    return true;
}

/// Names the source address of a reply, so that it leaves from where the request was sent to.
static void put_source(struct msghdr *message, const causeway_endpoint *local, bool socket_is_ipv4) {
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    if (socket_is_ipv4) {
        struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl((uint32_t)local->low)};
        header->cmsg_level = IPPROTO_IP;
        header->cmsg_type = IP_PKTINFO;
        header->cmsg_len = CMSG_LEN(sizeof info);
        memcpy(CMSG_DATA(header), &info, sizeof info);
        message->msg_controllen = CMSG_SPACE(sizeof info);
    } else {
        // The interface matters for link-local addresses only, where it is a part of the address.
        bool is_link_local = !local->is_ipv4 && local->high >> 54 == 0xfe80 >> 6;
        struct in6_pktinfo info = {.ipi6_addr = mapped(local), .ipi6_ifindex = is_link_local ? local->scope : 0};
        header->cmsg_level = IPPROTO_IPV6;
        header->cmsg_type = IPV6_PKTINFO;
        header->cmsg_len = CMSG_LEN(sizeof info);
        memcpy(CMSG_DATA(header), &info, sizeof info);
        message->msg_controllen = CMSG_SPACE(sizeof info);
    }
}

void causeway_datagrams_send(causeway_datagrams *datagrams, int descriptor, bool socket_is_ipv4, uint32_t *failed) {
    for (uint32_t index = 0; index < datagrams->count; index++) {
        struct msghdr *message = &datagrams->messages[index].msg_hdr;
        message->msg_namelen = print(&datagrams->names[index], &datagrams->remotes[index], socket_is_ipv4);
        if (datagrams->has_local[index]) {
            put_source(message, &datagrams->locals[index], socket_is_ipv4);
        } else {
            message->msg_control = NULL;
            message->msg_controllen = 0;
        }
    }
    uint32_t sent = 0;
    while (sent < datagrams->count) {
        int count = sendmmsg(descriptor, datagrams->messages + sent, datagrams->count - sent, MSG_DONTWAIT);
        if (count > 0) {
            sent += (uint32_t)count;
        } else {
            // One datagram that cannot go (no route, full socket) must not keep the others.
            *failed += 1;
            sent += 1;
        }
    }
    datagrams->count = 0;
}
