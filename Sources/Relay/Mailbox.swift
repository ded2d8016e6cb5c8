internal import CLinux
internal import DERP
internal import Glibc
internal import Synchronization
internal import Wire

/// What a shard is told from outside of its thread, besides packets.
enum ShardMessage: Sendable {
    case adopt(Adoption)
    case admission(ConnectionID, AdmissionDecision)
    case connected(RouteKey, RoutingTable.Registration)
    case disconnected(RouteKey, ConnectionID)
    case activated(RouteKey, ConnectionID, order: UInt64)
    case moved(RouteKey, from: ConnectionID, to: ConnectionID)
    case close(NodeKey, CloseReason)
    case limits(RelayLimits)
    case serveSTUN(STUNService.Setup)
    case snapshot(SnapshotCollector)
    case restarting(reconnectIn: Duration, tryFor: Duration)
    case drain(until: Instant, DrainCountdown)
    case stop
}

/// The messages for one shard, from any thread, and the bell that wakes it.
///
/// The bell is an eventfd, rung only when the shard sleeps: a busy shard looks into its mailbox on every round anyway.
final class Mailbox: Sendable {
    /// Adoptions that may wait: a shard that is so far behind could not serve more connections in time.
    static let maximumAdoptionCount = 8192

    private struct Content {
        var messages: [ShardMessage] = []
        var adoptions = 0
        var isClosed = false
    }

    private let content = Lock(Content())
    /// Whether there are messages, for a look without the lock.
    private let hasMessages = Atomic<Bool>(false)
    private let isSleeping = Atomic<Bool>(false)
    private let bell: OwnedDescriptor

    /// Nil when the process has no descriptor left.
    init?() {
        let number = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard number >= 0 else { return nil }
        bell = OwnedDescriptor(taking: number)
    }

    /// The descriptor that becomes readable when the bell is rung.
    var bellNumber: Int32 { bell.number }

    /// Leaves a message. False when the shard has ended, and for an adoption when too many wait: dropping that closes the connection.
    @discardableResult
    func post(_ message: ShardMessage) -> Bool {
        let isTaken = content.withLock { content in
            guard !content.isClosed else { return false }
            if case .adopt = message {
                guard content.adoptions < Self.maximumAdoptionCount else { return false }
                content.adoptions += 1
            }
            content.messages.append(message)
            return true
        }
        guard isTaken else { return false }
        hasMessages.store(true, ordering: .sequentiallyConsistent)
        ring()
        return true
    }

    /// Wakes the shard if it sleeps.
    func ring() {
        guard isSleeping.load(ordering: .sequentiallyConsistent),
            isSleeping.exchange(false, ordering: .sequentiallyConsistent)
        else { return }
        var one: UInt64 = 1
        write(bell.number, &one, 8)
    }

    // MARK: - The shard's side

    /// Takes all messages.
    func take(into messages: inout [ShardMessage]) {
        guard hasMessages.exchange(false, ordering: .sequentiallyConsistent) else { return }
        content.withLock { content in
            swap(&messages, &content.messages)
            content.adoptions = 0
        }
    }

    /// Takes all messages and lets no more in.
    func close(into messages: inout [ShardMessage]) {
        content.withLock { content in
            content.isClosed = true
            swap(&messages, &content.messages)
            content.messages = []
        }
    }

    var isEmpty: Bool { !hasMessages.load(ordering: .sequentiallyConsistent) }

    /// Says that the shard is about to sleep. It must look for work once more afterwards.
    func fallAsleep() { isSleeping.store(true, ordering: .sequentiallyConsistent) }

    func wakeUp() { isSleeping.store(false, ordering: .sequentiallyConsistent) }

    func silenceBell() {
        var count: UInt64 = 0
        read(bell.number, &count, 8)
    }
}
