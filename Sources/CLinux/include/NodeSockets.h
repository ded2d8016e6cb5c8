/// Calls that a node needs beside its event loop: one datagram with its error, and news of addresses and routes.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Sends one datagram at once; 0, or the errno of what hindered it (EAGAIN: the socket is full).
///
/// An IPv4 address stands in the low 32 bits of `low`. `ttl` is this datagram's TTL or hop limit; 0 leaves the system's.
int causeway_send_datagram(
    int descriptor, bool is_ipv4, uint64_t high, uint64_t low, uint16_t port, const uint8_t *payload, size_t length, int ttl);

/// Opens a non-blocking netlink socket that reports changes of links, addresses and routes (rtnetlink(7)), or answers -errno.
int causeway_open_route_socket(void);
