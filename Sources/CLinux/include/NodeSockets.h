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

/// Where a datagram came from or went to. IPv4 stands in the low 32 bits of `low`.
typedef struct {
    uint64_t high;
    uint64_t low;
    uint16_t port;
    bool is_ipv4;
} causeway_datagram_address;

/// Opens a non-blocking UDP socket that keeps ICMP errors for `causeway_receive_error`, or answers -errno.
///
/// Port 0 takes a free one. `interface` binds it to the interface of that index, 0 to none. `is_shared` lets others have the
/// port too: then each receives what is sent to a group.
int causeway_open_datagram_socket(
    bool is_ipv4, uint64_t high, uint64_t low, uint16_t port, uint32_t interface, bool is_shared);
/// The port that a socket is bound to; 0 when the kernel does not tell.
uint16_t causeway_bound_port(int descriptor);
/// Receives one datagram; its length, or -errno (-EAGAIN: none is there).
int causeway_receive_datagram(int descriptor, uint8_t *payload, size_t capacity, causeway_datagram_address *source);
/// Takes the oldest ICMP error that came for a datagram of this socket; its errno, or 0 when there is none.
///
/// -1 is one that says nothing of the destination: the hop limit ran out, as it is meant to for some datagrams.
int causeway_receive_error(int descriptor, causeway_datagram_address *destination);

/// Makes a set of descriptors to wait for, or answers -errno.
int causeway_make_poller(void);
/// Waits for input or an error of the descriptor, once: 0 or -errno. `is_known` when the set has it already.
int causeway_poll_once(int poller, int descriptor, uint64_t token, bool is_known);
void causeway_unpoll(int poller, int descriptor);
/// Blocks until something has come; the number of tokens, each with whether there are errors to take.
int causeway_poll_wait(int poller, uint64_t *tokens, bool *has_errors, int capacity);

/// Opens a timer that never fires and becomes readable whenever the wall clock is set, which waking from sleep does; or -errno.
int causeway_open_clock_watch(void);
/// Makes the timer wait for the next time.
void causeway_renew_clock_watch(int descriptor);

/// Asks the name server for the IPv6 addresses of a name and waits for the answer; their number, 0 without any.
int causeway_resolve_ipv6(const char *name, uint64_t *high, uint64_t *low, int capacity);

/// Opens a non-blocking netlink socket that reports changes of links, addresses and routes (rtnetlink(7)), or answers -errno.
int causeway_open_route_socket(void);
