#define _GNU_SOURCE
#include "NodeSockets.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

int causeway_send_datagram(
    int descriptor, bool is_ipv4, uint64_t high, uint64_t low, uint16_t port, const uint8_t *payload, size_t length, int ttl) {
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl((uint32_t)low)};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    for (int index = 0; index < 8; index++) {
        ipv6.sin6_addr.s6_addr[index] = (uint8_t)(high >> (56 - 8 * index));
        ipv6.sin6_addr.s6_addr[index + 8] = (uint8_t)(low >> (56 - 8 * index));
    }
    struct iovec vector = {.iov_base = (void *)payload, .iov_len = length};
    struct msghdr message = {
        .msg_name = is_ipv4 ? (void *)&ipv4 : (void *)&ipv6,
        .msg_namelen = is_ipv4 ? sizeof ipv4 : sizeof ipv6,
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
    return sendmsg(descriptor, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno : 0;
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
