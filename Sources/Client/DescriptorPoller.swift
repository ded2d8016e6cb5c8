internal import CLinux
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix
internal import Wire

/// Tells event loops that a descriptor has something to read or an error to take.
///
/// NIO's own channels end when the kernel reports an ICMP error for one datagram, so sockets that want to hear of those are
/// waited for here: by one thread for the whole process, which only waits. Reading is done on the event loop.
final class DescriptorPoller: Sendable {
    /// Names a watched descriptor.
    struct Token: Hashable, Sendable {
        fileprivate let rawValue: UInt64
    }

    private struct Watch: Sendable {
        let descriptor: Int32
        let eventLoop: any EventLoop
        let ready: @Sendable (_ hasErrors: Bool) -> Void
    }

    /// Descriptors reported by one call of the kernel.
    private static let batch = 64

    static let shared = DescriptorPoller()

    private let poller: Int32
    private let pool = NIOThreadPool(numberOfThreads: 1)
    private let watches = NIOLockedValueBox<(next: UInt64, of: [UInt64: Watch])>((0, [:]))

    private init() {
        poller = causeway_make_poller()
        guard poller >= 0 else { return }
        pool.start()
        pool.submit { [poller, watches] _ in
            var tokens = [UInt64](repeating: 0, count: Self.batch)
            var hasErrors = [Bool](repeating: false, count: Self.batch)
            while true {
                let count = Int(causeway_poll_wait(poller, &tokens, &hasErrors, Int32(Self.batch)))
                for index in 0..<count {
                    guard let watch = watches.withLockedValue({ $0.of[tokens[index]] }) else { continue }
                    watch.eventLoop.execute { [hasErrors = hasErrors[index]] in watch.ready(hasErrors) }
                }
            }
        }
    }

    /// Has `ready` called on the event loop, once, when there is something; `again` has it called the next time.
    func watch(
        _ descriptor: Int32, on eventLoop: any EventLoop, ready: @escaping @Sendable (_ hasErrors: Bool) -> Void
    ) throws(IOError) -> Token {
        guard poller >= 0 else { throw IOError(errnoCode: -poller, reason: "epoll_create1") }
        let token = watches.withLockedValue { watches in
            watches.next += 1
            watches.of[watches.next] = Watch(descriptor: descriptor, eventLoop: eventLoop, ready: ready)
            return watches.next
        }
        let result = causeway_poll_once(poller, descriptor, token, false)
        guard result == 0 else {
            watches.withLockedValue { $0.of[token] = nil }
            throw IOError(errnoCode: -result, reason: "epoll_ctl")
        }
        return Token(rawValue: token)
    }

    /// Waits for the next input: at once, if there is some left.
    func again(_ token: Token) {
        guard let watch = watches.withLockedValue({ $0.of[token.rawValue] }) else { return }
        _ = causeway_poll_once(poller, watch.descriptor, token.rawValue, true)
    }

    /// Forgets a descriptor, before it is closed.
    func remove(_ token: Token) {
        guard let watch = watches.withLockedValue({ $0.of.removeValue(forKey: token.rawValue) }) else { return }
        causeway_unpoll(poller, watch.descriptor)
    }
}
