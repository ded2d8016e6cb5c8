/// Linux calls that Swift's Glibc module does not import, and batches of UDP datagrams.
#pragma once
#include "NodeSockets.h"
#include "ServiceNotice.h"
#include "SystemCalls.h"
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/types.h>

/// The epoll flags as plain numbers: their enum imports badly.
static const uint32_t causeway_readable = EPOLLIN;
static const uint32_t causeway_writable = EPOLLOUT;
static const uint32_t causeway_failed = EPOLLERR | EPOLLHUP;
static const uint32_t causeway_peer_closed = EPOLLRDHUP;

/// Watches a descriptor for input, output and the peer's close, each change reported once (edge-triggered).
int causeway_watch_edges(int epoll, int descriptor, uint64_t token);
/// Watches a descriptor for input for as long as there is some (level-triggered).
int causeway_watch_input(int epoll, int descriptor, uint64_t token);
/// Ends the watching, as closing the last copy of the descriptor does.
int causeway_unwatch(int epoll, int descriptor);

/// `accept4` with SOCK_NONBLOCK and SOCK_CLOEXEC.
int causeway_accept(int listener);

/// Names a thread for `top` and debuggers; at most 15 bytes are kept.
void causeway_name_thread(pthread_t thread, const char *name);

/// An IP address and a port. IPv4 stands in the low 32 bits of `low`; IPv4-mapped IPv6 never occurs.
typedef struct {
    uint64_t high;
    uint64_t low;
    uint32_t scope;
    uint16_t port;
    bool is_ipv4;
} causeway_endpoint;

/// Opens a non-blocking UDP socket that reports each datagram's destination address, or answers -errno.
///
/// `::` takes IPv4 too when `dual_stack` is true. With `shared`, several sockets may be bound to the same endpoint and the
/// kernel spreads the senders over them (SO_REUSEPORT).
int causeway_bind_udp(const causeway_endpoint *endpoint, bool dual_stack, bool shared);
/// The endpoint a socket is bound to; false when the kernel does not tell.
bool causeway_local_endpoint(int descriptor, causeway_endpoint *endpoint);

/// Datagrams that one system call receives or sends: a fixed number of slots, each with its own buffer.
typedef struct causeway_datagrams causeway_datagrams;

/// Makes room for `capacity` datagrams of at most `size` bytes each; NULL when memory is short.
causeway_datagrams *causeway_datagrams_make(uint32_t capacity, uint32_t size);
void causeway_datagrams_free(causeway_datagrams *datagrams);
/// Receives what is there, at most the capacity; the number received, or -errno.
int causeway_datagrams_receive(causeway_datagrams *datagrams, int descriptor);
/// The payload of a received datagram. `length` is 0 for one that did not fit its buffer.
const uint8_t *causeway_datagrams_payload(const causeway_datagrams *datagrams, uint32_t index, uint32_t *length);
/// Who sent a received datagram, and which local address it was sent to (all zero when the kernel did not say).
void causeway_datagrams_addresses(
    const causeway_datagrams *datagrams, uint32_t index, causeway_endpoint *remote, causeway_endpoint *local);

/// How many datagrams were appended and not yet sent, and how many fit.
uint32_t causeway_datagrams_count(const causeway_datagrams *datagrams);
uint32_t causeway_datagrams_capacity(const causeway_datagrams *datagrams);
/// Appends a datagram to send to `remote` from the local address `local` (NULL: the kernel chooses).
///
/// False when all slots are taken or the payload is too long.
bool causeway_datagrams_append(
    causeway_datagrams *datagrams, const uint8_t *payload, uint32_t length, const causeway_endpoint *remote,
    const causeway_endpoint *local);
/// Sends and forgets all that was appended through a socket of the family given; counts what the kernel refused in `failed`.
void causeway_datagrams_send(causeway_datagrams *datagrams, int descriptor, bool socket_is_ipv4, uint32_t *failed);
