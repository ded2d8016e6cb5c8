#define _GNU_SOURCE
#include "NodeSockets.h"

#include <errno.h>
#include <time.h>
// It needs time.h, and does not say so.
#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

/// Enough for an extended error with the address of whoever complained.
enum { ERROR_CONTROL_SIZE = 256 };

/// Writes a socket address of either family and answers its length.
static socklen_t write_address(
    struct sockaddr_storage *storage, bool is_ipv4, uint64_t high, uint64_t low, uint16_t port) {
    memset(storage, 0, sizeof *storage);
    if (is_ipv4) {
        struct sockaddr_in *ipv4 = (struct sockaddr_in *)storage;
        *ipv4 = (struct sockaddr_in){
            .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl((uint32_t)low)};
        return sizeof *ipv4;
    }
    struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)storage;
    ipv6->sin6_family = AF_INET6;
    ipv6->sin6_port = htons(port);
    for (int index = 0; index < 8; index++) {
        ipv6->sin6_addr.s6_addr[index] = (uint8_t)(high >> (56 - 8 * index));
        ipv6->sin6_addr.s6_addr[index + 8] = (uint8_t)(low >> (56 - 8 * index));
    }
    return sizeof *ipv6;
}

static void read_address(const struct sockaddr_storage *storage, causeway_datagram_address *address) {
    memset(address, 0, sizeof *address);
    if (storage->ss_family == AF_INET) {
        const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)storage;
        address->is_ipv4 = true;
        address->low = ntohl(ipv4->sin_addr.s_addr);
        address->port = ntohs(ipv4->sin_port);
    } else if (storage->ss_family == AF_INET6) {
        const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)storage;
        for (int index = 0; index < 8; index++) {
            address->high = address->high << 8 | ipv6->sin6_addr.s6_addr[index];
            address->low = address->low << 8 | ipv6->sin6_addr.s6_addr[index + 8];
        }
        address->port = ntohs(ipv6->sin6_port);
    }
}

int causeway_send_datagram(
    int descriptor, bool is_ipv4, uint64_t high, uint64_t low, uint16_t port, const uint8_t *payload, size_t length, int ttl) {
    struct sockaddr_storage destination;
    socklen_t destination_length = write_address(&destination, is_ipv4, high, low, port);
    struct iovec vector = {.iov_base = (void *)payload, .iov_len = length};
    struct msghdr message = {
        .msg_name = &destination,
        .msg_namelen = destination_length,
        .msg_iov = &vector,
        .msg_iovlen = 1,
    };
    union {
        struct cmsghdr header;
        uint8_t bytes[CMSG_SPACE(sizeof(int))];
    } control;
    if (ttl > 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = is_ipv4 ? IPPROTO_IP : IPPROTO_IPV6;
        header->cmsg_type = is_ipv4 ? IP_TTL : IPV6_HOPLIMIT;
        header->cmsg_len = CMSG_LEN(sizeof ttl);
        memcpy(CMSG_DATA(header), &ttl, sizeof ttl);
    }
    // An ICMP error about an earlier datagram is reported here first, and once; it is told apart by trying again.
    for (int attempt = 0; attempt < 3; attempt++) {
        if (sendmsg(descriptor, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return 0;
        if (errno == EAGAIN || errno == EPERM || errno == EBADF) break;
    }
    return errno;
}

static int give_up(int descriptor) {
    int error = errno;
    close(descriptor);
    return -error;
}

int causeway_open_datagram_socket(
    bool is_ipv4, uint64_t high, uint64_t low, uint16_t port, uint32_t interface, bool is_shared) {
    int descriptor = socket(is_ipv4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    int on = 1;
    // Without these errors stay unnoticed until a probe times out, which is no reason to go without the socket.
    if (is_ipv4) {
        setsockopt(descriptor, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
    } else {
        setsockopt(descriptor, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
        if (setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) return give_up(descriptor);
    }
    if (is_shared && setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return give_up(descriptor);
    int index = (int)interface;
    if (index != 0 && setsockopt(descriptor, SOL_SOCKET, SO_BINDTOIFINDEX, &index, sizeof index) != 0)
        return give_up(descriptor);
    struct sockaddr_storage local;
    socklen_t length = write_address(&local, is_ipv4, high, low, port);
    return bind(descriptor, (struct sockaddr *)&local, length) == 0 ? descriptor : give_up(descriptor);
}

uint16_t causeway_bound_port(int descriptor) {
    struct sockaddr_storage storage;
    socklen_t length = sizeof storage;
    causeway_datagram_address address = {0};
    if (getsockname(descriptor, (struct sockaddr *)&storage, &length) == 0) read_address(&storage, &address);
    return address.port;
}

int causeway_receive_datagram(int descriptor, uint8_t *payload, size_t capacity, causeway_datagram_address *source) {
    struct sockaddr_storage storage;
    socklen_t length = sizeof storage;
    ssize_t count = recvfrom(descriptor, payload, capacity, MSG_DONTWAIT, (struct sockaddr *)&storage, &length);
    if (count < 0) return -errno;
    read_address(&storage, source);
    return (int)count;
}

/// Whether the error says that the packet was on its way for too long, which only its sender chose.
static bool is_time_exceeded(const struct sock_extended_err *error) {
    return (error->ee_origin == SO_EE_ORIGIN_ICMP && error->ee_type == ICMP_TIME_EXCEEDED)
        || (error->ee_origin == SO_EE_ORIGIN_ICMP6 && error->ee_type == ICMPV6_TIME_EXCEED);
}

int causeway_receive_error(int descriptor, causeway_datagram_address *destination) {
    struct sockaddr_storage storage;
    union {
        struct cmsghdr header;
        uint8_t bytes[ERROR_CONTROL_SIZE];
    } control;
    struct msghdr message = {
        .msg_name = &storage,
        .msg_namelen = sizeof storage,
        .msg_control = &control,
        .msg_controllen = sizeof control,
    };
    if (recvmsg(descriptor, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return 0;
    read_address(&storage, destination);
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL; header = CMSG_NXTHDR(&message, header)) {
        bool is_error = (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_RECVERR)
            || (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_RECVERR);
        if (!is_error) continue;
        struct sock_extended_err error;
        memcpy(&error, CMSG_DATA(header), sizeof error);
        return error.ee_errno == 0 || is_time_exceeded(&error) ? -1 : (int)error.ee_errno;
    }
    return -1;
}

int causeway_make_poller(void) {
    int poller = epoll_create1(EPOLL_CLOEXEC);
    return poller < 0 ? -errno : poller;
}

int causeway_poll_once(int poller, int descriptor, uint64_t token, bool is_known) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.u64 = token};
    return epoll_ctl(poller, is_known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, descriptor, &event) == 0 ? 0 : -errno;
}

void causeway_unpoll(int poller, int descriptor) {
    struct epoll_event event = {0};
    epoll_ctl(poller, EPOLL_CTL_DEL, descriptor, &event);
}

int causeway_poll_wait(int poller, uint64_t *tokens, bool *has_errors, int capacity) {
    struct epoll_event events[64];
    if (capacity > 64) capacity = 64;
    int count;
    do {
        count = epoll_wait(poller, events, capacity, -1);
    } while (count < 0 && errno == EINTR);
    for (int index = 0; index < count; index++) {
        tokens[index] = events[index].data.u64;
        has_errors[index] = (events[index].events & EPOLLERR) != 0;
    }
    return count < 0 ? 0 : count;
}

int causeway_open_clock_watch(void) {
    int descriptor = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (descriptor < 0) return -errno;
    causeway_renew_clock_watch(descriptor);
    return descriptor;
}

void causeway_renew_clock_watch(int descriptor) {
    uint64_t expirations;
    // ECANCELED: the clock was set, which is what is waited for.
    ssize_t ignored = read(descriptor, &expirations, sizeof expirations);
    (void)ignored;
    struct itimerspec never = {.it_value.tv_sec = (time_t)1 << 33};
    timerfd_settime(descriptor, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
}

int causeway_resolve_ipv6(const char *name, uint64_t *high, uint64_t *low, int capacity) {
    struct addrinfo hints = {.ai_family = AF_INET6, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *first = NULL;
    if (getaddrinfo(name, NULL, &hints, &first) != 0) return 0;
    int count = 0;
    for (struct addrinfo *info = first; info != NULL && count < capacity; info = info->ai_next) {
        struct sockaddr_storage storage;
        if (info->ai_addrlen > sizeof storage) continue;
        memcpy(&storage, info->ai_addr, info->ai_addrlen);
        causeway_datagram_address address;
        read_address(&storage, &address);
        high[count] = address.high;
        low[count] = address.low;
        count++;
    }
    freeaddrinfo(first);
    return count;
}

int causeway_open_route_socket(void) {
    int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (descriptor < 0) return -errno;
    struct sockaddr_nl address = {
        .nl_family = AF_NETLINK,
        .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE,
    };
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) == 0) return descriptor;
    int error = errno;
    close(descriptor);
    return -error;
}
